"""Pairs of views of the same scene points, with where each point is in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from ctvos_core.training.cache import FrameCache, Scene
from ctvos_core.training.motion import displace


@dataclass(frozen=True)
class PairConfig:
    """How pairs of views are drawn."""

    view: int = 128
    """Side of a view in pixels."""
    points: int = 128
    """Points whose place is known in both views."""
    max_gap: int = 3
    """Most frames of the cache between the two views; 0 makes both from one frame."""
    photo_share: float = 0.3
    """Share of pairs made from photos, as far as there are any."""
    scale: tuple[float, float] = (0.3, 0.95)
    """Side of a view as a fraction of the frame's short side, drawn log-uniformly."""
    rotation: float = 0.35
    """Largest rotation in radians."""
    shift: float = 0.25
    """Largest shift between the views, as a fraction of the first one's side."""


class PairBatch(NamedTuple):
    """B pairs; index 0 and 1 of the first axis are the two views."""

    views: Tensor
    """(2, B, 3, view, view) uint8 RGB."""
    points: Tensor
    """(2, B, P, 2) float32 positions (x, y) in view pixels."""
    valid: Tensor
    """(B, P) bool."""


class PairSampler:
    """Draws batches from a cache; batch number n is the same however often it is drawn."""

    def __init__(self, cache: FrameCache, config: PairConfig, seed: int = 0) -> None:
        self.cache, self.config, self.seed = cache, config, seed
        videos = [s for s in cache.scenes if s.count > 1]
        photos = [s for s in cache.scenes if s.count == 1]
        self._groups = [(videos, _odds(videos)), (photos, _odds(photos))]
        share = config.photo_share if videos and photos else float(not videos)
        self._group_odds = [1 - share, share]

    def batch(self, number: int, size: int) -> PairBatch:
        """Batch `number` of `size` pairs."""
        rng = np.random.default_rng([self.seed, number])
        pairs = [self._pair(rng) for _ in range(size)]
        views, points, valid = (np.stack(part) for part in zip(*pairs, strict=True))
        return PairBatch(
            torch.from_numpy(views).permute(1, 0, 4, 2, 3).contiguous(),
            torch.from_numpy(points).transpose(0, 1).contiguous(),
            torch.from_numpy(valid),
        )

    def _pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scenes, odds = self._groups[rng.choice(2, p=self._group_odds)]
        scene = scenes[rng.choice(len(scenes), p=odds)]
        gap = min(int(rng.integers(self.config.max_gap + 1)), scene.count - 1)
        first = scene.first + int(rng.integers(scene.count - gap))
        numbers = range(first, first + gap)
        motions = [self.cache.motion(scene, number) for number in numbers]

        a = self._affine(rng, scene, None)
        centre = _apply(a, np.full((1, 2), (self.config.view - 1) / 2))
        moved = _follow(centre, motions)[0]
        b = self._affine(rng, scene, np.where(np.isnan(moved), centre[0], moved))

        candidates = rng.uniform(0, self.config.view - 1, (4 * self.config.points, 2))
        there = _apply(_invert(b), _follow(_apply(a, candidates, scene), motions))
        seen = np.all((there >= 0) & (there <= self.config.view - 1), axis=-1)
        order = np.argsort(~seen, kind="stable")[: self.config.points]
        points = np.stack([candidates[order], np.nan_to_num(there[order])]).astype(np.float32)

        view = (self.config.view, self.config.view)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        images = [self.cache.frame(first), self.cache.frame(first + gap)]
        views = [
            cv2.warpAffine(i, m, view, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
            for i, m in zip(images, (a, b), strict=True)
        ]
        swap = slice(None, None, -1 if rng.random() < 0.5 else 1)
        return np.stack(views)[swap], points[swap].copy(), seen[order]

    def _affine(
        self, rng: np.random.Generator, scene: Scene, near: np.ndarray | None
    ) -> np.ndarray:
        """2x3 map from view pixels to frame pixels, centred at random or near a point."""
        low, high = np.log(self.config.scale)
        side = np.exp(rng.uniform(low, high)) * min(scene.height, scene.width)
        angle = rng.uniform(-self.config.rotation, self.config.rotation)
        size = np.array([scene.width, scene.height])
        if near is None:
            centre = rng.uniform(0, 1, 2) * np.maximum(size - side, 0) + np.minimum(side, size) / 2
        else:
            centre = near + rng.uniform(-1, 1, 2) * self.config.shift * side
            half = np.minimum(side, size) / 2
            centre = np.clip(centre, half, size - half)
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]]) * (side / self.config.view)
        if rng.random() < 0.5:
            turn[:, 0] *= -1
        return np.hstack([turn, (centre - turn @ np.full(2, (self.config.view - 1) / 2))[:, None]])


def _odds(scenes: list[Scene]) -> np.ndarray:
    """Long scenes count more, but not in proportion; still ones (fixed cameras) count less."""
    weights = np.array([s.count**0.5 * np.clip(s.motion_pixels, 0.2, 1) for s in scenes])
    return weights / weights.sum() if scenes else weights


def _apply(affine: np.ndarray, points: np.ndarray, inside: Scene | None = None) -> np.ndarray:
    moved = points @ affine[:, :2].T + affine[:, 2]
    if inside is None:
        return moved
    within = np.all((moved >= 0) & (moved <= (inside.width - 1, inside.height - 1)), axis=-1)
    return np.where(within[:, None], moved, np.nan)


def _invert(affine: np.ndarray) -> np.ndarray:
    turn = np.linalg.inv(affine[:, :2])
    return np.hstack([turn, -(turn @ affine[:, 2])[:, None]])


def _follow(points: np.ndarray, motions: list[np.ndarray]) -> np.ndarray:
    for motion in motions:
        points = displace(points, motion)
    return points
