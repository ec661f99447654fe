"""Batches of a run: planned and decoded ahead in a thread, cut and coloured on the device."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ctvos_core.errors import InputError
from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.footage.cache import FrameCache
from ctvos_core.training.footage.scenes import SceneSampler, parse_weights, split_held_out
from ctvos_core.training.run.parallel import Workers
from ctvos_core.training.views.clips import ClipBatch, ClipPlan, ClipSampler, load_clips
from ctvos_core.training.views.frames import Pixels, open_source
from ctvos_core.training.views.pairs import PairBatch, PairPlan, PairSampler, load_pairs

_HELD_OUT_SEED = 2**31
"""Clips for pictures are the same in every run, whatever its seed."""


class Batch(NamedTuple):
    """This process's share of a batch, on the device; what the run has none of is None."""

    clips: ClipBatch | None
    pairs: PairBatch | None
    orders: Tensor | None
    """(2, B, S, S) random numbers in [0, 1) for the clips' tagging."""


class _Planned(NamedTuple):
    step: int
    clips: tuple[ClipPlan, Pixels] | None
    pairs: tuple[PairPlan, Pixels] | None


class Batches:
    """The batches of every step; each depends on the seed and the step only.

    Raises:
        InputError: a cache without what the configuration draws from.
    """

    def __init__(
        self, cache: FrameCache, config: TrainingConfig, device: torch.device, workers: Workers
    ) -> None:
        self._config, self._device, self._workers = config, device, workers
        self._source = open_source(cache, device, config.frames)
        weights = parse_weights(config.source_weights)
        clips = config.clips
        if clips.batch:
            train, held_out = split_held_out(cache.scenes, clips.held_out)
            frames = clips.past + 1
            scenes = SceneSampler(train, clips.photo_share, weights, frames)
            self._clips = ClipSampler(scenes, config, config.seed)
            try:
                unseen = SceneSampler(held_out, clips.photo_share, weights, frames)
            except InputError:  # too little is held out to be of use
                unseen = scenes
            self._held_out = ClipSampler(unseen, config, _HELD_OUT_SEED)
        if config.pairs.batch:
            scenes = SceneSampler(cache.scenes, config.pairs.photo_share, weights)
            self._pairs = PairSampler(cache, scenes, config.pairs, config.seed)

    def following(self, step: int) -> Iterator[Batch]:
        """The batches from `step` to the last."""
        steps = range(step, self._config.steps)
        # One batch ahead: decoding and planning release the interpreter lock.
        with ThreadPoolExecutor(1) as pool:
            ahead = [pool.submit(self._plan, n) for n in steps[:1]]
            for n in steps:
                planned = ahead.pop().result()
                if n + 1 < self._config.steps:
                    ahead.append(pool.submit(self._plan, n + 1))
                yield self._load(planned)

    def held_out_clips(self, count: int) -> ClipBatch:
        """The first `count` clips of those that are never trained on, where there are such."""
        plan = self._held_out.plan(0, range(count))
        pixels = self._source.load(plan.numbers.reshape(-1))
        return load_clips(plan, pixels.to(self._device), self._config.clips.view)

    def _plan(self, step: int) -> _Planned:
        config, clips, pairs = self._config, None, None
        if config.clips.batch:
            clip_plan = self._clips.plan(step, self._workers.share(config.clips.batch))
            clips = clip_plan, self._load_frames(clip_plan.numbers)
        if config.pairs.batch:
            pair_plan = self._pairs.plan(step, self._workers.share(config.pairs.batch))
            pairs = pair_plan, self._load_frames(pair_plan.numbers)
        return _Planned(step, clips, pairs)

    def _load_frames(self, numbers: np.ndarray) -> Pixels:
        return self._source.load(numbers.reshape(-1))

    def _load(self, planned: _Planned) -> Batch:
        config, device = self._config, self._device
        clips, orders, pairs = None, None, None
        if planned.clips:
            plan, pixels = planned.clips
            clips = load_clips(plan, pixels.to(device), config.clips.view)
            orders = self._orders(planned.step)
        if planned.pairs:
            pair_plan, pixels = planned.pairs
            pairs = load_pairs(pair_plan, pixels.to(device), config.pairs.view)
        return Batch(clips, pairs, orders)

    def _orders(self, step: int) -> Tensor:
        # For the whole batch, of which every process takes its share.
        generator = torch.Generator(self._device).manual_seed(self._config.seed * 1_000_003 + step)
        B, side = self._config.clips.batch, self._config.clips.view
        every = torch.rand((2, B, side, side), generator=generator, device=self._device)
        share = self._workers.share(B)
        return every[:, share.start : share.stop]
