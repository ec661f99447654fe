"""`ctvos bench`: how fast this machine is."""

import resource
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.options import Device, Model, Readout, load
from ctvos_cli.progress import new_console
from ctvos_core.errors import InputError

Video = Annotated[
    Path | None, typer.Argument(help="A video or folder of frames.  [default: a made clip]")
]
Mask = Annotated[Path | None, typer.Option(help="Mask of the video's first frame.")]
Frames = Annotated[int, typer.Option(min=1, help="Most frames to time.")]
WARM_UP = 8


def bench(
    video: Video = None,
    mask: Mask = None,
    frames: Frames = 40,
    model: Model = "default",
    device: Device = "auto",
    readout: Readout = None,
) -> None:
    """Frames per second from decoding to written PNGs, the share of each stage, peak memory."""
    from ctvos_core.demo.files import write_demo
    from ctvos_core.results.inputs import read_inputs

    if (video is None) != (mask is None):
        raise InputError("mask_missing", "bench: expected a video and its mask, or neither")
    network, _, config = load(model, device, readout)

    import torch

    from ctvos_core.propagation.speed import measure_speed

    console = new_console()
    with tempfile.TemporaryDirectory() as folder:
        if video is None or mask is None:
            files = write_demo(Path(folder), min(frames + WARM_UP, 60))
            video, mask = files.video, files.mask
        inputs = read_inputs(video, [mask])
        info = inputs.frames.info
        if len(inputs.frames) <= WARM_UP:
            raise InputError(
                "video_too_short",
                f"{video}: expected more than {WARM_UP} frames, got {len(inputs.frames)}",
            )
        speed = measure_speed(
            network, inputs.frames, inputs.masks[0], config, device, frames, WARM_UP
        )
    console.print(
        f"{info.width}x{info.height}, {speed.frames} frames, {len(inputs.object_ids)} "
        f"object(s), {speed.device}, {torch.get_num_threads()} CPU threads"
    )
    for stage, seconds in speed.stage_seconds.items():
        console.print(
            f"{stage:>10}: {1e3 * seconds / speed.frames:7.1f} ms/frame "
            f"{100 * seconds / speed.seconds:5.1f} %"
        )
    console.print(f"{'total':>10}: {speed.frames_per_second:7.2f} frames/s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"peak memory: {peak:.0f} MiB")
    if speed.device.startswith("cuda"):
        console.print(f"peak GPU memory: {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB")
