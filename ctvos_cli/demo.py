"""`ctvos demo`: a made clip, segmented and scored."""

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.local_service import local_service
from ctvos_cli.options import Device, Model, Out, Readout
from ctvos_cli.progress import new_console
from ctvos_cli.segment import segment
from ctvos_cli.submit import submit
from ctvos_core.errors import InputError

Frames = Annotated[int, typer.Option(min=3, max=60, help="How much of the clip to make.")]


def demo(
    out: Out = Path("demo"),
    frames: Frames = 60,
    model: Model = "default",
    device: Device = "auto",
    readout: Readout = None,
    service: Annotated[
        bool, typer.Option("--service", help="Go through a service, started for the demo alone.")
    ] = False,
) -> None:
    """Make a short clip, segment it, and score the masks against the truth."""
    if service and (model, readout) != ("default", None):
        raise InputError("demo_options", "--service: expected no --model or --readout beside it")
    from ctvos_core.demo.files import score_demo, write_demo

    console = new_console()
    console.print(f"making a clip of {frames} frames: {out}", markup=False, soft_wrap=True)
    files = write_demo(out, frames)
    if service:
        console.print(f"starting a service: {out / 'service'}", markup=False, soft_wrap=True)
        with local_service(out / "service", device) as url:
            submit(files.video, [files.mask], url, overlay=True, out=out)
    else:
        segment(
            files.video,
            [files.mask],
            out,
            overlay=True,
            overwrite=True,
            model=model,
            device=device,
            readout=readout,
        )
    score = score_demo(files, out, frames)
    for line in (
        f"J&F {100 * score.j_and_f:.1f} % (J {100 * score.j:.1f}, F {100 * score.f:.1f}) against "
        f"the exact masks; see {out / 'overlay.mp4'}",
        "Your own video: ctvos segment VIDEO --mask MASK.png --out DIR --overlay",
        "In a browser: ctvos serve",
    ):
        console.print(line, markup=False, soft_wrap=True)
