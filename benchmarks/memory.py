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

from clips import write_mask_of_first, write_video


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
    write_video(folder / "video.mp4", frames)
    write_mask_of_first(folder / "mask.png")
    command = [sys.executable, "-m", "ctvos_cli", "segment", str(folder / "video.mp4")]
    command += ["--mask", str(folder / "mask.png"), "--out", str(folder / "masks")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ctvos segment failed with status {status}")
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
