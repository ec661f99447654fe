"""Frames per second from decode to written PNG, and where the time goes.

python benchmarks/speed.py VIDEO --mask MASK [--frames 60] [--device auto]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from ctvos_core.propagation import Propagator
from ctvos_core.video import open_frames, read_mask, write_mask
from ctvos_core.weights import DEFAULT_MODEL, load_model

WARM_UP_FRAMES = 8


def main() -> None:
    """Run the benchmark and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--mask", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()

    reader = open_frames(options.video)
    mask = read_mask(options.mask, reader.info.size)
    propagator = Propagator(load_model(options.model), device=options.device)
    seconds: dict[str, float] = defaultdict(float)

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            started = perf_counter()
            result = function(*args)
            if propagator.device.type == "cuda":
                torch.cuda.synchronize()
            seconds[stage] += perf_counter() - started
            return result

        return call

    # The stages are methods of the propagator; the clock goes around them from outside.
    propagator._encode = timed("encode", propagator._encode)  # type: ignore[method-assign]
    propagator._propagate = timed("attention", propagator._propagate)  # type: ignore[method-assign]
    step = timed("step", propagator.step)
    frames = reader.frames()
    next_frame = timed("decode", lambda: next(frames, None))
    write = timed("write", write_mask)
    count, started = 0, perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        while count < options.frames + WARM_UP_FRAMES:
            if count == WARM_UP_FRAMES:
                seconds.clear()
                started = perf_counter()
            frame = next_frame()
            if frame is None:
                break
            found = step(frame.image, mask if frame.index == 0 else None)
            write(Path(folder) / f"{frame.index:05d}.png", found.labels)
            count += 1
    total, count = perf_counter() - started, count - WARM_UP_FRAMES
    seconds["rest of the step"] = seconds.pop("step") - seconds["encode"] - seconds["attention"]
    info = reader.info
    print(f"{options.video.name}: {info.width}x{info.height}, {count} frames, {propagator.device}")
    for stage, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{stage:>18}: {1e3 * spent / count:7.1f} ms/frame {100 * spent / total:5.1f} %")
    print(f"{'total':>18}: {1e3 * total / count:7.1f} ms/frame, {count / total:.2f} frames/s")


if __name__ == "__main__":
    main()
