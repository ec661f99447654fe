"""`ctvos segment`: one video and its masks to a folder of masks."""

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.errors import warn
from ctvos_cli.export import FORMAT_HELP, Premultiplied
from ctvos_cli.options import Adapt, Device, Model, Out, Readout, load, parse_names
from ctvos_cli.progress import new_console, reporting


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
    export: Annotated[
        list[str] | None, typer.Option("--export", help="Also write exports/: " + FORMAT_HELP)
    ] = None,
    premultiplied: Premultiplied = False,
    start: Annotated[int, typer.Option(help="First frame to segment, from 0.")] = 0,
    end: Annotated[
        int | None, typer.Option(help="Frame to stop before.  [default: the video's end]")
    ] = None,
    step: Annotated[int, typer.Option(help="Segment every so many frames.")] = 1,
    model: Model = "default",
    device: Device = "auto",
    readout: Readout = None,
    adapt: Adapt = False,
) -> None:
    """Segment a video: a mask of one frame in, an indexed PNG for every frame out.

    Masks are carried forward and backward from each given one.
    """
    from ctvos_core.exports import ExportOptions, checked_formats, export_results, require_free
    from ctvos_core.results.extra_files import FILES, require_possible
    from ctvos_core.results.folder import ResultFolder
    from ctvos_core.results.inputs import read_inputs
    from ctvos_core.video.range import FrameRange

    formats = checked_formats(export or ())
    if not overwrite:
        require_free(out / "exports", formats)
    inputs = read_inputs(
        video,
        mask,
        frame or (),
        names=parse_names(name or []),
        wanted=FrameRange(start, end, step),
    )
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
        if formats:
            options = ExportOptions(premultiplied=premultiplied)
            export_results(
                out, video, formats, options=options, overwrite=overwrite, progress=progress
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
