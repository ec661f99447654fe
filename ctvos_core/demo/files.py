"""The demo clip as files, and how well a segmentation of it did."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctvos_core.demo.clip import FRAME_COUNT, FRAME_RATE, HEIGHT, WIDTH, demo_clip
from ctvos_core.evaluation.layouts import read_annotation, read_result_mask
from ctvos_core.evaluation.metrics import contour_accuracy, region_similarity
from ctvos_core.results import write_mask
from ctvos_core.video import Timeline, VideoWriter, prepare_output_folder


@dataclass(frozen=True)
class DemoFiles:
    """Where the clip lies."""

    video: Path
    mask: Path
    """The target in the first frame: what a segmentation starts from."""
    truth: Path
    """Folder with the target's exact mask in every frame."""


@dataclass(frozen=True)
class DemoScore:
    """Means over the clip without its first and last frame, as fractions."""

    j: float
    f: float

    @property
    def j_and_f(self) -> float:
        """Mean of both."""
        return (self.j + self.f) / 2


def write_demo(folder: Path, frame_count: int = FRAME_COUNT) -> DemoFiles:
    """Write `clip.mp4`, `mask.png` and `truth/<frame>.png`; at least 3 frames.

    Example:
        >>> write_demo(Path("demo"), frame_count=3).video.name
        'clip.mp4'
    """
    files = DemoFiles(folder / "clip.mp4", folder / "mask.png", folder / "truth")
    prepare_output_folder(files.truth)
    with VideoWriter(files.video, WIDTH, HEIGHT, timeline=Timeline.steady(FRAME_RATE)) as video:
        for index, (image, labels) in enumerate(demo_clip(frame_count)):
            video.write(image, float(index / FRAME_RATE))
            write_mask(files.truth / f"{index:05d}.png", labels)
            if index == 0:
                write_mask(files.mask, labels)
    return files


def score_demo(files: DemoFiles, masks: Path, frame_count: int = FRAME_COUNT) -> DemoScore:
    """Compare the masks `masks/<frame>.png` with the truth."""
    names = [f"{index:05d}.png" for index in range(1, frame_count - 1)]
    pairs = [
        (read_result_mask(masks / name), read_annotation(files.truth / name)) for name in names
    ]
    return DemoScore(
        float(np.mean([region_similarity(found, true) for found, true in pairs])),
        float(np.mean([contour_accuracy(found, true) for found, true in pairs])),
    )
