"""Objects pasted into clips (not the paper's): of two things that look alike, one is followed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.training.views.two_tone import two_tone

_SMOOTHED = 5
"""Pixels: what is thinner is not of an object."""


def object_region(image: Tensor, direction: Tensor, share: Tensor, ellipse: Tensor) -> Tensor:
    """Something that could be an object: what is of one tone (see `two_tone`), and in an ellipse.

    Args:
        image: (B, 3, S, S) Lab.
        direction: (B, 3) weights of the three channels.
        share: (B,) in (0, 1), how much of the image is of the other tone; near 0, all of the
            ellipse is the object.
        ellipse: (B, 4) centre and half axes, x before y, in pixels.

    Returns:
        (B, S, S) 1 or 0.
    """
    side = image.shape[-1]
    axis = torch.arange(side, dtype=image.dtype, device=image.device)
    ys, xs = torch.meshgrid(axis, axis, indexing="ij")
    x, y, width, height = ellipse[:, :, None, None].unbind(1)
    inside = ((xs - x) / width).square() + ((ys - y) / height).square() < 1
    tone = two_tone(image[:, None], direction, share)[:, 0, 0]
    region = (inside & (tone > 0)).to(image.dtype)
    return (F.avg_pool2d(region[:, None], _SMOOTHED, 1, _SMOOTHED // 2)[:, 0] > 0.5).to(image.dtype)


def place(layer: Tensor, maps: Tensor) -> Tensor:
    """A layer as N views of a clip show it, 0 outside of it.

    Args:
        layer: (B, C, S, S).
        maps: (B, N, 2, 3) from pixels (x, y) of each view to pixels of the layer.

    Returns:
        (B, N, C, S, S), bilinear.
    """
    side = layer.shape[-1]
    axis = torch.arange(side, dtype=maps.dtype, device=maps.device)
    ys, xs = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.einsum("bnij,yxj->bnyxi", maps, torch.stack([xs, ys, torch.ones_like(xs)], -1))
    grid = 2 * points / (side - 1) - 1
    placed = [
        F.grid_sample(layer, view, mode="bilinear", padding_mode="zeros", align_corners=True)
        for view in grid.unbind(1)
    ]
    return torch.stack(placed, 1)
