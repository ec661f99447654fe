"""`ctvos submit`: a video to a service."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvos_cli.progress import new_console, reporting
from ctvos_cli.settings import require_service
from ctvos_core.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from ctvos_cli.client import RemoteJob, ServiceClient

_MIB = 1 << 20
_FILES = {"coco": "coco.json", "overlay": "overlay.mp4", "alpha": "alpha.webm"}


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
    from ctvos_cli.client import ServiceClient

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
    chosen = {"coco": coco, "overlay": overlay, "alpha": alpha}
    extras = [name for name, is_wanted in chosen.items() if is_wanted]
    with ServiceClient(url, api_key) as client:
        with reporting(console, "MiB") as progress:
            job = client.submit(
                video,
                list(zip(frames, mask, strict=True)),
                outputs=["masks", *extras],
                model=model,
                on_bytes=lambda sent, size: progress("upload", _mib(sent), _mib(size)),
            )
        console.print(job.id, markup=False)
        if wait or out is not None:
            _wait(client, job, console)
        if out is not None:
            _download(client, job.id, extras, out)
            console.print(f"masks: {out}", markup=False, soft_wrap=True)


def _mib(count: int) -> int:
    return max(1, -(-count // _MIB))


def _wait(client: ServiceClient, job: RemoteJob, console: Console) -> None:
    with reporting(console) as progress:

        def show(now: RemoteJob) -> None:
            if now.status == "running" and now.phase and now.total and now.done:
                progress(now.phase, now.done, now.total)

        ended = client.wait(job.id, show)
    if ended.status != "succeeded":
        error = ended.error or {"code": f"job_{ended.status}", "detail": f"it was {ended.status}"}
        raise InputError(error["code"], f"job {job.id}: {error['detail']}")


def _download(client: ServiceClient, job_id: str, extras: list[str], out: Path) -> None:
    archive = out / ".masks.zip"
    try:
        client.download(f"/jobs/{job_id}/masks", archive)
        with zipfile.ZipFile(archive) as masks:
            for entry in masks.infolist():
                # The service's word is not enough for where on this machine a file goes.
                (out / Path(entry.filename).name).write_bytes(masks.read(entry))
    finally:
        archive.unlink(missing_ok=True)
    for extra in extras:
        client.download(f"/jobs/{job_id}/{extra}", out / _FILES[extra])
    client.download(f"/jobs/{job_id}/confidence", out / "confidence.json")
