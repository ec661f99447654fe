"""Made videos of 480p that benchmarks run on."""

from pathlib import Path

import numpy as np

from ctvos_core.results import write_mask
from ctvos_core.video import VideoWriter

HEIGHT, WIDTH, SIDE = 480, 854, 120


def write_video(path: Path, frames: int) -> None:
    """A textured square that goes back and forth over a textured ground."""
    rng = np.random.default_rng(0)
    ground = rng.integers(60, 120, (HEIGHT // 8, WIDTH // 8 + 1, 3), np.uint8)
    ground = ground.repeat(8, 0).repeat(8, 1)[:, :WIDTH]
    thing = rng.integers(140, 256, (SIDE // 8, SIDE // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    with VideoWriter(path, WIDTH, HEIGHT) as writer:
        for t in range(frames):
            frame, x = ground.copy(), 100 + abs((4 * t + 600) % 1200 - 600)
            frame[100 : 100 + SIDE, x : x + SIDE] = thing
            writer.write(frame, t / 25)


def write_mask_of_first(path: Path) -> None:
    """The square in the first frame."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100 : 100 + SIDE, 100 : 100 + SIDE] = 1
    write_mask(path, mask)
