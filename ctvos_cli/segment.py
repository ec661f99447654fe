"""`ctvos segment`: one video and its masks to a folder of masks."""

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.export import FORMAT_HELP, Premultiplied
from ctvos_cli.options import Adapt, Device, Model, Out, Readout, load
from ctvos_cli.progress import new_console, reporting


def segment(
    video: Annotated[Path, typer.Argument(help="A video file, or a folder of frames.")],
    mask: Annotated[
        list[Path],
        typer.Option(help="PNG with an object id per pixel, or black and white; may be repeated."),
    ],
    out: Out,
    frame: Annotated[
        list[int] | None,
        typer.Option(help="Which frame the mask is of, from 0; one for each --mask.  [default: 0]"),
    ] = None,
    overlay: Annotated[bool, typer.Option("--overlay", help="Also write overlay.mp4.")] = False,
    coco: Annotated[bool, typer.Option("--coco", help="Also write coco.json.")] = False,
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
    from ctvos_core.results.folder import ResultFolder
    from ctvos_core.results.inputs import read_inputs
    from ctvos_core.video.range import FrameRange

    formats = checked_formats(export or ())
    require_free(out / "exports", formats)
    inputs = read_inputs(video, mask, frame or (), wanted=FrameRange(start, end, step))
    folder = ResultFolder(out, inputs.frames.info)
    network, _, config = load(model, device, readout)

    from ctvos_core.adaptation.adapt import adapt as adapt_network
    from ctvos_core.propagation.to_folder import segment_to_folder

    console = new_console()
    with reporting(console) as progress:
        if adapt:
            network = adapt_network(network, inputs.frames, device=device, progress=progress)
        run = segment_to_folder(
            network,
            inputs,
            folder,
            config,
            device,
            overlay=overlay,
            coco=coco,
            progress=progress,
        )
        if formats:
            options = ExportOptions(premultiplied=premultiplied)
            export_results(out, video, formats, options=options, progress=progress)
    console.print(
        f"{run.frames} frames in {run.seconds:.1f} s ({run.frames_per_second:.1f} frames/s): {out}",
        markup=False,
        soft_wrap=True,
    )
