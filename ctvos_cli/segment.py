"""`ctvos segment`: one video and its masks to a folder of masks."""

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.errors import warn
from ctvos_cli.options import Adapt, Device, Model, Out, Readout, load
from ctvos_cli.progress import new_console, reporting
from ctvos_core.errors import InputError


def segment(
    video: Annotated[Path, typer.Argument(help="A video file, or a folder of frames.")],
    mask: Annotated[
        list[Path],
        typer.Option(
            help="PNG with an object id or a colour per object, or black and white; or a folder "
            "with a PNG for each object, named like it. May be repeated."
        ),
    ],
    out: Out,
    frame: Annotated[
        list[int] | None,
        typer.Option(help="Which frame the mask is of, from 0; one for each --mask.  [default: 0]"),
    ] = None,
    overlay: Annotated[bool, typer.Option("--overlay", help="Also write overlay.mp4.")] = False,
    coco: Annotated[bool, typer.Option("--coco", help="Also write coco.json.")] = False,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=NAME", help="What an object is called, such as 1=dog."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of another run in --out.")
    ] = False,
    model: Model = "default",
    device: Device = "auto",
    readout: Readout = None,
    adapt: Adapt = False,
) -> None:
    """Segment a video: a mask of one frame in, an indexed PNG for every frame out.

    Masks are carried forward and backward from each given one.
    """
    from ctvos_core.results.extra_files import FILES, require_possible
    from ctvos_core.results.folder import ResultFolder
    from ctvos_core.results.inputs import read_inputs

    inputs = read_inputs(video, mask, frame or (), names=_names(name or []))
    folder = ResultFolder(out, inputs.frames.info, mask, overwrite=overwrite)
    wanted = {"overlay": overlay, "coco": coco}
    extras = frozenset(extra for extra in FILES if wanted.get(extra))
    require_possible(extras, inputs.frames.info.size)
    network, _, config = load(model, device, readout)

    from ctvos_core.adaptation.adapt import adapt as adapt_network
    from ctvos_core.propagation.to_folder import segment_to_folder

    for warning in inputs.frames.info.warnings:
        warn(warning)
    console = new_console()
    for line in inputs.readings:
        console.print(line, markup=False, soft_wrap=True)
    folder.remove_earlier()
    with reporting(console) as progress:
        if adapt:
            network = adapt_network(network, inputs.frames, device=device, progress=progress)
        run = segment_to_folder(
            network,
            inputs,
            folder,
            config,
            device,
            extras=extras,
            progress=progress,
        )
    for i, at in run.lost.items():
        warn(f"object {i}: only given masks show it, look at frame {at}; it may be too small")
    for extra, failure in run.extras.items():
        if failure is not None:
            warn(f"{FILES[extra]}: not made, the masks are complete: {failure.detail}")
    console.print(
        f"{run.frames} frames in {run.seconds:.1f} s ({run.frames_per_second:.1f} frames/s): {out}",
        markup=False,
        soft_wrap=True,
    )


def _names(given: list[str]) -> dict[int, str]:
    names: dict[int, str] = {}
    for text in given:
        number, _, name = text.partition("=")
        if not (number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= 255 and name):
            raise InputError("name_invalid", f"--name: expected ID=NAME, got {text!r}")
        names[int(number)] = name
    return names
