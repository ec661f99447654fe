"""`ctvos submit`: a video to a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvos_cli.options import Adapt
from ctvos_cli.progress import new_console, reporting
from ctvos_cli.settings import require_service
from ctvos_core.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from ctvos_client import Client, Job, Output

_MIB = 1 << 20
_FILES: dict[Output, str] = {"coco": "coco.json", "overlay": "overlay.mp4", "alpha": "alpha.webm"}


def submit(
    video: Annotated[Path, typer.Argument(help="A video file, or a zip of frames.")],
    mask: Annotated[
        list[Path],
        typer.Option(help="PNG with an object id per pixel, or black and white; may be repeated."),
    ],
    url: Annotated[str, typer.Option(help="Of the service.")] = "http://127.0.0.1:8000",
    frame: Annotated[
        list[int] | None,
        typer.Option(help="Which frame the mask is of, from 0; one for each --mask.  [default: 0]"),
    ] = None,
    coco: Annotated[bool, typer.Option("--coco", help="Also make coco.json.")] = False,
    overlay: Annotated[bool, typer.Option("--overlay", help="Also make overlay.mp4.")] = False,
    alpha: Annotated[bool, typer.Option("--alpha", help="Also make alpha.webm.")] = False,
    model: Annotated[str | None, typer.Option(help="By default the promoted one.")] = None,
    adapt: Adapt = False,
    api_key: Annotated[
        str | None, typer.Option(envvar="CTVOS_API_KEY", help="Of the service.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; implies --wait.")
    ] = None,
) -> None:
    """Send a video and its masks to a service, and print the id of the job."""
    require_service()
    from ctvos_client import Client, Mask

    frames = frame or ([0] if len(mask) == 1 else [])
    if len(frames) != len(mask):
        raise InputError(
            "mask_frames_unmatched",
            f"expected a --frame for each --mask, got masks: {len(mask)}, frames: {len(frames)}",
        )
    if out is not None:
        from ctvos_core.video import prepare_output_folder

        prepare_output_folder(out)
    console = new_console()
    chosen: dict[Output, bool] = {"coco": coco, "overlay": overlay, "alpha": alpha}
    extras = [name for name, is_wanted in chosen.items() if is_wanted]
    with _errors_in_one_line(), Client(url, api_key) as client:
        with reporting(console, "MiB") as progress:
            job = client.submit(
                video,
                [Mask(image, at) for image, at in zip(mask, frames, strict=True)],
                outputs=["masks", *extras],
                model=model,
                adapt=adapt,
                on_upload=lambda sent, size: progress("upload", _mib(sent), _mib(size)),
            )
        console.print(job.id, markup=False)
        if wait or out is not None:
            _wait(client, job.id, console)
        if out is not None:
            client.download_masks(job.id, out)
            for extra in extras:
                client.download(job.id, extra, out / _FILES[extra])
            client.download(job.id, "confidence", out / "confidence.json")
            console.print(f"masks: {out}", markup=False, soft_wrap=True)


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    from ctvos_client import ServiceError

    try:
        yield
    except ServiceError as error:
        raise InputError(error.code, error.detail) from error
    except OSError as error:
        raise InputError(
            "file_unusable", f"{error.filename}: expected a file: {error.strerror}"
        ) from error


def _mib(count: int) -> int:
    return max(1, -(-count // _MIB))


def _wait(client: Client, job_id: str, console: Console) -> None:
    with reporting(console) as progress:

        def show(now: Job) -> None:
            at = now.progress
            if now.status == "running" and now.phase and at.total and at.done:
                progress(now.phase, at.done, at.total)

        client.wait(job_id, on_progress=show).raise_for_status()
