"""Pairs of views of the same scene points, with where each point is in both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ctvos_core.training.config import PairConfig
from ctvos_core.training.footage.cache import FrameCache, Scene
from ctvos_core.training.footage.motion import displace
from ctvos_core.training.footage.scenes import SceneSampler
from ctvos_core.training.views.affine import about, apply, invert
from ctvos_core.training.views.augment import draw_jitter, hide_channels, jitter
from ctvos_core.training.views.cutout import cutout_masks, draw_cutout
from ctvos_core.training.views.frames import Pixels, cut_views

_HIDDEN = 0.15
"""Chance of each of a and b to be hidden in a view."""
_CUT_SIDE = (0.15, 0.4)
"""Side of the zero square on one of the two views, as a share of the view's."""


class PairPlan(NamedTuple):
    """What to cut from which frames for B pairs; axis 1 are the two views of a pair."""

    numbers: np.ndarray
    """(B, 2) frames of the cache."""
    affines: np.ndarray
    """(B, 2, 2, 3) float32 maps from view to frame."""
    points: np.ndarray
    """(B, 2, P, 2) float32 positions (x, y) in pixels of the views."""
    valid: np.ndarray
    """(B, P) bool: seen in both."""
    jitters: np.ndarray
    """(B, 2, JITTERS)."""
    hidden: np.ndarray
    """(B, 2, 2) bool."""
    cutouts: np.ndarray
    """(B, 4, 2) float32 corners, in pixels, of what is zero in the first view."""


class PairBatch(NamedTuple):
    """B pairs on the device; axis 1 are the two views."""

    views: Tensor
    """(B, 2, 3, S, S) Lab."""
    points: Tensor
    """(B, 2, P, 2)."""
    valid: Tensor
    """(B, P) bool."""


class PairSampler:
    """Draws pairs from a cache; pair i of step n is the same however often it is drawn."""

    def __init__(
        self, cache: FrameCache, scenes: SceneSampler, config: PairConfig, seed: int
    ) -> None:
        self._cache, self._scenes, self._config, self._seed = cache, scenes, config, seed

    def plan(self, step: int, which: range) -> PairPlan:
        """Pairs `which` of a step."""
        pairs = [self._pair(np.random.default_rng([self._seed, 0, step, i])) for i in which]
        return PairPlan(*(np.stack(part) for part in zip(*pairs, strict=True)))

    def _pair(self, rng: np.random.Generator) -> PairPlan:
        config, scene = self._config, self._scenes.draw(rng)
        gap = min(int(rng.integers(config.max_gap + 1)), scene.count - 1)
        first = scene.first + int(rng.integers(scene.count - gap))
        motions = [self._cache.motion(scene, number) for number in range(first, first + gap)]

        a = self._affine(rng, scene, None)
        centre = apply(a, np.full((1, 2), (config.view - 1) / 2))
        moved = _follow(centre, motions)[0]
        b = self._affine(rng, scene, np.where(np.isnan(moved), centre[0], moved))

        candidates = rng.uniform(0, config.view - 1, (4 * config.points, 2))
        there = apply(invert(b), _follow(_inside(apply(a, candidates), scene), motions))
        seen = np.all((there >= 0) & (there <= config.view - 1), axis=-1)
        order = np.argsort(~seen, kind="stable")[: config.points]

        area = rng.uniform(*_CUT_SIDE) ** 2
        swap = slice(None, None, -1 if rng.random() < 0.5 else 1)
        return PairPlan(
            numbers=np.array([first, first + gap])[swap],
            affines=np.stack([a, b]).astype(np.float32)[swap],
            points=np.stack([candidates[order], np.nan_to_num(there[order])]).astype(np.float32)[
                swap
            ],
            valid=seen[order],
            jitters=draw_jitter(rng, 2),
            hidden=rng.random((2, 2)) < _HIDDEN,
            cutouts=draw_cutout(rng, "square", area, config.view).vertices,
        )

    def _affine(
        self, rng: np.random.Generator, scene: Scene, near: np.ndarray | None
    ) -> np.ndarray:
        """Map from view pixels to frame pixels, centred at random or near a point."""
        config = self._config
        side = np.exp(rng.uniform(*np.log(config.scale))) * min(scene.height, scene.width)
        angle = rng.uniform(-config.rotation, config.rotation)
        size = np.array([scene.width, scene.height])
        half = np.minimum(side, size) / 2
        if near is None:
            centre = rng.uniform(0, 1, 2) * np.maximum(size - side, 0) + half
        else:
            centre = np.clip(near + rng.uniform(-1, 1, 2) * config.shift * side, half, size - half)
        middle = np.full(2, (config.view - 1) / 2)
        return about(middle, centre, side / config.view, angle, rng.random() < 0.5)


def load_pairs(plan: PairPlan, pixels: Pixels, side: int) -> PairBatch:
    """Cut the views of a plan and change their colours.

    Args:
        plan: B pairs.
        pixels: the frames of `plan.numbers`, flattened; the batch is where they are.
        side: S, pixels of a view's side.
    """
    affines, points, valid, jitters, hidden, cutouts = (
        torch.from_numpy(part).to(pixels.data.device, non_blocking=True) for part in plan[1:]
    )
    views = cut_views(pixels, affines.flatten(0, 1), side)
    lab = hide_channels(jitter(views, jitters.flatten(0, 1)), hidden.flatten(0, 1))
    lab = lab.unflatten(0, (-1, 2))
    here = torch.eye(2, 3, device=cutouts.device).expand(len(cutouts), 1, 2, 3)
    holes = cutout_masks(cutouts, cutouts.new_zeros(len(cutouts)), side, here)
    first = lab[:, 0].masked_fill(holes, 0)
    return PairBatch(torch.stack([first, lab[:, 1]], 1), points, valid)


def _inside(points: np.ndarray, scene: Scene) -> np.ndarray:
    within = np.all((points >= 0) & (points <= (scene.width - 1, scene.height - 1)), axis=-1)
    return np.where(within[:, None], points, np.nan)


def _follow(points: np.ndarray, motions: list[np.ndarray]) -> np.ndarray:
    for motion in motions:
        points = displace(points, motion)
    return points
