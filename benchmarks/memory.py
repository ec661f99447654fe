"""Peak resident memory of `ctvos segment` on short and long videos of the same kind.

python benchmarks/memory.py [--frames 200 2000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ctvos_core.video import VideoWriter, write_mask

HEIGHT, WIDTH, SIDE = 480, 854, 120


def main() -> None:
    """Run the benchmark and print a row per length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[200, 2000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peaks = [_peak_megabytes(Path(folder) / str(n), n) for n in options.frames]
    for count, peak in zip(options.frames, peaks, strict=True):
        print(f"{count:6d} frames: {peak:7.1f} MiB, {100 * (peak / peaks[0] - 1):+.1f} %")


def _peak_megabytes(folder: Path, frames: int) -> float:
    folder.mkdir()
    _write_video(folder / "video.mp4", frames)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100 : 100 + SIDE, 100 : 100 + SIDE] = 1
    write_mask(folder / "mask.png", mask)
    command = [sys.executable, "-m", "ctvos_cli", "segment", str(folder / "video.mp4")]
    command += ["--mask", str(folder / "mask.png"), "--out", str(folder / "masks")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ctvos segment failed with status {status}")
    return usage.ru_maxrss / 1024


def _write_video(path: Path, frames: int) -> None:
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


if __name__ == "__main__":
    main()
