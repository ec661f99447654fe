"""How fast propagation is on a machine, from decoding to written PNGs, and where the time goes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.encoder import Features
from ctvos_core.propagation.propagator import PropagationConfig, Propagator
from ctvos_core.results import LabelMap, write_mask
from ctvos_core.video import FrameReader


@dataclass(frozen=True)
class Speed:
    """What `measure_speed` found."""

    device: str
    frames: int
    seconds: float
    """Wall time of all frames."""
    stage_seconds: dict[str, float]
    """By stage: decode, encode, attention, labels, write. They sum to about `seconds`."""

    @property
    def frames_per_second(self) -> float:
        """Frames over seconds."""
        return self.frames / self.seconds


def measure_speed(
    model: CTVOS,
    frames: FrameReader,
    mask: LabelMap,
    config: PropagationConfig | None = None,
    device: str | torch.device = "auto",
    count: int = 60,
    warm_up: int = 8,
) -> Speed:
    """Time propagation from the first frame of a video.

    Stages are done one after another, so that each can be timed; `ctvos segment` writes while it
    propagates.

    Args:
        model: a network.
        frames: the video.
        mask: (H, W) uint8 label map of its first frame.
        config: how to propagate.
        device: see `Propagator`.
        count: most frames that are timed.
        warm_up: frames before them that are not: memory is filled.

    Raises:
        ValueError: the video has no frame after those of the warm-up.
    """
    if len(frames) <= warm_up:
        raise ValueError(f"frames: expected more than {warm_up}, got {len(frames)}")
    propagator = _TimedPropagator(model, config, device)
    seconds = propagator.seconds
    done = 0
    start = began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for frame in frames.frames(0, min(warm_up + count, len(frames))):
            if done == warm_up:
                seconds.update(dict.fromkeys(seconds, 0.0))
                start = began
            stepped = perf_counter()
            seconds["decode"] += stepped - began
            found = propagator.step(frame.image, mask if done == 0 else None)
            written = perf_counter()
            seconds["labels"] += written - stepped
            write_mask(Path(folder) / f"{done:05d}.png", found.labels)
            began = perf_counter()
            seconds["write"] += began - written
            done += 1
    # The whole step was counted as labels; encoding and attention are parts of it.
    seconds["labels"] -= seconds["encode"] + seconds["attention"]
    return Speed(str(propagator.device), done - warm_up, began - start, seconds)


class _TimedPropagator(Propagator):
    """Sums up what the costly stages of a step take."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.seconds = dict.fromkeys(("decode", "encode", "attention", "labels", "write"), 0.0)

    def _encode(
        self, frame: np.ndarray, working: tuple[int, int]
    ) -> tuple[Features, Tensor, Tensor]:
        started = self._now()
        result = super()._encode(frame, working)
        self.seconds["encode"] += self._now() - started
        return result

    def _propagate(self, query: Features, queries: Tensor) -> Tensor:
        started = self._now()
        result = super()._propagate(query, queries)
        self.seconds["attention"] += self._now() - started
        return result

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return perf_counter()
