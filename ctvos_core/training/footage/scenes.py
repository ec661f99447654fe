"""Which scenes are drawn, and how often."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.training.footage.cache import Scene


class SceneSampler:
    """Draws a scene of a video or a photo.

    Args:
        scenes: to draw from.
        photo_share: chance of a photo, as far as there are any of both.
        weights: see `parse_weights`.
        min_frames: videos' scenes that are shorter are left out.

    Raises:
        InputError: nothing left to draw.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        photo_share: float,
        weights: Sequence[tuple[str, float]] = (),
        min_frames: int = 2,
    ) -> None:
        videos = [s for s in scenes if s.count >= max(min_frames, 2)]
        photos = [s for s in scenes if s.count == 1] if photo_share > 0 else []
        groups = ((videos, 1 - photo_share), (photos, photo_share))
        drawn = [(group, _odds(group, weights), share) for group, share in groups if group]
        drawn = [(group, odds, share) for group, odds, share in drawn if odds.any()]
        if not drawn:
            raise InputError(
                "no_footage",
                f"videos: expected a scene of at least {min_frames} frames"
                + (" or a photo" if photo_share > 0 else "")
                + ", found none",
            )
        self._groups = [(group, odds / odds.sum()) for group, odds, _ in drawn]
        shares = np.array([share for _, _, share in drawn])
        self._shares = (
            shares / shares.sum() if shares.any() else np.full(len(drawn), 1 / len(drawn))
        )

    def draw(self, rng: np.random.Generator) -> Scene:
        """A scene at random."""
        scenes, odds = self._groups[rng.choice(len(self._groups), p=self._shares)]
        return scenes[rng.choice(len(scenes), p=odds)]


def parse_weights(text: str) -> list[tuple[str, float]]:
    """`TrainingConfig.source_weights` as parts of names and factors.

    Raises:
        InputError: written otherwise, or a factor below 0.
    """
    weights = []
    for item in filter(None, (item.strip() for item in text.split(","))):
        part, _, factor = item.rpartition(":")
        try:
            weight = float(factor)
        except ValueError:
            weight = -1.0
        if not part or weight < 0:
            raise InputError(
                "setting_invalid", f"source_weights: expected name:factor, got {item!r}"
            )
        weights.append((part, weight))
    return weights


def split_held_out(scenes: Sequence[Scene], share: float) -> tuple[list[Scene], list[Scene]]:
    """Scenes to train on, and those of about `share` of the sources, the same ones in every run.

    Where that leaves one of the two empty, both are all scenes.
    """
    held = [zlib.crc32(s.source.encode()) < share * 2**32 for s in scenes]
    if all(held) or not any(held):
        return list(scenes), list(scenes)
    return (
        [s for s, out in zip(scenes, held, strict=True) if not out],
        [s for s, out in zip(scenes, held, strict=True) if out],
    )


def _odds(scenes: Sequence[Scene], weights: Sequence[tuple[str, float]]) -> np.ndarray:
    """Long scenes count more, but not in proportion; still ones (fixed cameras) count less."""
    odds = [scene.count**0.5 * np.clip(scene.motion_pixels, 0.2, 1) for scene in scenes]
    factors = [
        np.prod([factor for part, factor in weights if part in scene.source]) for scene in scenes
    ]
    return np.array(odds) * factors
