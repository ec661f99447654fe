"""Segment a video file: `segment_file.py [VIDEO MASK] OUT`. Without a video it makes a clip."""

import sys
from pathlib import Path

from ctvos_core.demo.files import write_demo
from ctvos_core.propagation import segment_video
from ctvos_core.results import read_mask, write_mask
from ctvos_core.video import open_frames
from ctvos_core.weights import load_model


def main(*arguments: str) -> None:
    """Write one mask per frame into the last argument's folder."""
    *inputs, out = map(Path, arguments)
    out.mkdir(parents=True, exist_ok=True)
    if inputs:
        video, mask = inputs
    else:
        demo = write_demo(out / "demo", frame_count=6)
        video, mask = demo.video, demo.mask
    frames = open_frames(video)
    masks = {0: read_mask(mask, frames.info.size)}
    for index, found in segment_video(load_model("default"), frames, masks):
        write_mask(out / f"{index:05d}.png", found.labels)
        print(f"frame {index}: confidence {found.confidence}")


if __name__ == "__main__":
    main(*sys.argv[1:])
