"""A network made fit for one video by a few steps on the video itself, before it is propagated.

Only a method that learns without labels can do this: nothing but the frames is used.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.devices import select_device
from ctvos_core.training.config import PairConfig, TrainingConfig
from ctvos_core.training.footage.cache import FrameCache
from ctvos_core.training.footage.scan import cache_frames
from ctvos_core.training.run.batches import Batches
from ctvos_core.training.run.parallel import Workers
from ctvos_core.training.run.trainer import Trainer
from ctvos_core.video import FrameReader

ADAPTING = "adapting"


@dataclass(frozen=True)
class AdaptationConfig:
    """How a network is adapted. The defaults are gentle: more steps helped some videos of the
    development set and harmed others."""

    steps: int = 30
    learning_rate: float = 2e-5
    batch: int = 8
    """Pairs of views per step."""
    max_frames: int = 128
    """Frames of the video that are looked at, evenly spread."""
    max_gap: int = 3
    """Most of these frames between the two views of a pair."""
    short_side: int = 480
    """Pixels: larger frames are scaled down to it, as they are for propagation."""
    scale: tuple[float, float] = (0.2, 0.5)
    """Side of a view as a fraction of the frame's short side."""


def adapt(
    model: CTVOS,
    frames: FrameReader,
    config: AdaptationConfig | None = None,
    device: str | torch.device = "auto",
    progress: Callable[[str, int, int], object] = lambda phase, done, steps: None,
) -> CTVOS:
    """Train the query and key encoder on a video by dense contrastive correspondence.

    Args:
        model: a network whose encoder of queries is also that of keys; it stays as it is.
        frames: the video.
        config: by default `AdaptationConfig()`.
        device: see `Propagator`.
        progress: called with `ADAPTING`, the frames read and steps done, and their number; an
            exception of its own ends the work.

    Returns:
        A new network, on the CPU.

    Raises:
        InputError: `adapt_unavailable`, the network has two encoders, or nothing moves in the
            video.
    """
    config = config or AdaptationConfig()
    if not model.config.shared_encoder:
        raise InputError(
            "adapt_unavailable",
            "adapt: expected a model with one encoder for queries and keys, got one with two",
        )
    used = select_device(device)
    training = _training(model, config)
    every = -(-len(frames) // config.max_frames)
    work = -(-len(frames) // every) + config.steps
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(ADAPTING, done, work)

    with tempfile.TemporaryDirectory() as folder:
        cache = _cache(_spread(frames, every, count), frames.info.path.name, Path(folder), config)
        trainer = Trainer(training, used, frozen_norms=True)
        trainer.start_from(model)
        for batch in Batches(cache, training, used, Workers()).following(0):
            trainer.train_step(batch)
            count()
    adapted = copy.deepcopy(model)
    adapted.query_encoder.load_state_dict(trainer.average.query_encoder.state_dict())
    return adapted


def _training(model: CTVOS, config: AdaptationConfig) -> TrainingConfig:
    return TrainingConfig(
        steps=config.steps,
        learning_rate=config.learning_rate,
        warm_up_steps=config.steps // 10,
        network=model.config,
        pairs=PairConfig(batch=config.batch, max_gap=config.max_gap, scale=config.scale),
    )


def _spread(frames: FrameReader, every: int, on_read: Callable[[], None]) -> Iterator[np.ndarray]:
    for frame in frames.frames():
        if frame.index % every == 0:
            yield frame.image
            on_read()


def _cache(
    images: Iterator[np.ndarray], name: str, folder: Path, config: AdaptationConfig
) -> FrameCache:
    try:
        return cache_frames(name, images, folder, 1, config.short_side)
    except InputError as error:
        if error.code != "footage_empty":
            raise
        raise InputError(
            "adapt_unavailable", f"{name}: expected a video to adapt to, {error}"
        ) from error
