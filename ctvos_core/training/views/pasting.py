"""Objects pasted into clips (not the paper's): of two that look alike, only one is followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.training.views.affine import about, chain
from ctvos_core.training.views.places import pixel_places
from ctvos_core.training.views.two_tone import two_tone

_SMOOTHED = 5
"""Pixels: anything thinner is left out of an object."""
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


def object_region(image: Tensor, direction: Tensor, share: Tensor, ellipse: Tensor) -> Tensor:
    """A region that could be an object: the part of an ellipse that has one tone (`two_tone`).

    Args:
        image: (B, 3, S, S) Lab.
        direction: (B, 3) weights of the three channels.
        share: (B,) in (0, 1), share of the image that has the other tone; near 0, the object is
            the whole ellipse.
        ellipse: (B, 4) centre and half axes, x before y, in pixels.

    Returns:
        (B, S, S) 1 or 0.
    """
    side = image.shape[-1]
    xs, ys = pixel_places(side, image.dtype, image.device)[..., :2].unbind(-1)
    x, y, width, height = ellipse[:, :, None, None].unbind(1)
    inside = ((xs - x) / width).square() + ((ys - y) / height).square() < 1
    tone = two_tone(image[:, None], direction, share)[:, 0, 0]
    region = (inside & (tone > 0)).to(image.dtype)
    return (F.avg_pool2d(region[:, None], _SMOOTHED, 1, _SMOOTHED // 2)[:, 0] > 0.5).to(image.dtype)


def place(layer: Tensor, maps: Tensor) -> Tensor:
    """A layer as seen in N views of a clip; 0 outside the layer.

    Args:
        layer: (B, C, S, S).
        maps: (B, N, 2, 3) from pixels (x, y) of each view to pixels of the layer.

    Returns:
        (B, N, C, S, S), bilinear.
    """
    side = layer.shape[-1]
    points = torch.einsum("bnij,yxj->bnyxi", maps, pixel_places(side, maps.dtype, maps.device))
    grid = 2 * points / (side - 1) - 1
    placed = [
        F.grid_sample(layer, view, mode="bilinear", padding_mode="zeros", align_corners=True)
        for view in grid.unbind(1)
    ]
    return torch.stack(placed, 1)
