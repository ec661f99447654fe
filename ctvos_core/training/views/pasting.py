"""What is pasted into a clip, where it moves, and how the clip looks with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ctvos_core.training.views.affine import about, chain
from ctvos_core.training.views.pasted import object_region, place

_SIZE = (0.35, 1.1)
"""Of the pasted image's side against the view's."""
_HALF_AXES = (0.2, 0.45)
"""Of the ellipse, against the pasted image's side."""
_TURN = 0.5
"""Radians, at most."""


class PastedPlan(NamedTuple):
    """One image pasted into each of B clips once or twice, in layers from back to front."""

    maps: np.ndarray
    """(B, 2, N, 2, 3) float32, from the clip's views to the pasted image."""
    tones: np.ndarray
    """(B, 2) float32 value of each layer: 1 for the object, -1 for its look-alike, 0 for none."""
    alone: np.ndarray
    """(B,) bool: nothing else has the object's tone."""
    direction: np.ndarray
    """(B, 3) float32; see `object_region`, also for the next two."""
    share: np.ndarray
    """(B,) float32."""
    ellipse: np.ndarray
    """(B, 4) float32 pixels."""


def draw_pasted(
    rng: np.random.Generator, present: bool, side: int, motions: Sequence[np.ndarray]
) -> PastedPlan:
    """What to paste into one clip, without the axis of clips.

    Args:
        rng: source of randomness.
        present: False: nothing is pasted.
        side: S, pixels.
        motions: of the two layers, (N, 2, 3) maps from the clip's views to its last.
    """
    maps = []
    for motion in motions:
        centre, middle = rng.uniform(0.2, 0.8, 2) * side, np.full(2, (side - 1) / 2)
        angle, size = rng.uniform(-_TURN, _TURN), np.exp(rng.uniform(*np.log(_SIZE)))
        put = about(centre, middle, 1 / size, angle, rng.random() < 0.5)
        maps.append([chain(put, view) for view in motion])
    tones = rng.permutation([1, -1 if rng.random() < 0.5 else 0])
    return PastedPlan(
        maps=np.array(maps).astype(np.float32),
        tones=(tones * present).astype(np.float32),
        alone=np.array(present and rng.random() < 0.5),
        direction=rng.normal(size=3).astype(np.float32),
        share=np.array(rng.uniform(0, 0.7), np.float32),
        ellipse=np.concatenate(
            [rng.uniform(0.35, 0.65, 2) * side, rng.uniform(*_HALF_AXES, 2) * side]
        ).astype(np.float32),
    )


def paste(
    images: Tensor, contents: Tensor, donors: Tensor, plan: PastedPlan
) -> tuple[Tensor, Tensor]:
    """Clips with what is pasted into them.

    Args:
        images: (B, N, 3, S, S) Lab views.
        contents: (B, N, 3, S, S) their values in [-1, 1].
        donors: (B, 3, S, S) Lab images to take objects from.
        plan: for these B clips.

    Returns:
        `images` and `contents`, changed.
    """
    maps, tones, alone, direction, share, ellipse = (
        torch.from_numpy(part).to(images.device, non_blocking=True) for part in plan
    )
    contents = contents.masked_fill(alone[:, None, None, None, None], -1)
    region = object_region(donors, direction, share, ellipse)
    layer = torch.cat([donors, region[:, None]], 1)
    for where, tone in zip(maps.unbind(1), tones.unbind(1), strict=True):
        value = tone[:, None, None, None, None]
        colours, cover = place(layer, where).split([3, 1], 2)
        cover = cover * (value != 0)
        images, contents = images.lerp(colours, cover), contents.lerp(value, cover)
    return images, contents
