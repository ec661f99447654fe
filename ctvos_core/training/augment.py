"""Changes of colour that must not change what a point is matched to; run on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from ctvos_core.network.colour import rgb_to_lab

_LUMA = (0.299, 0.587, 0.114)


def augment(images: Tensor, generator: torch.Generator, cutout: Tensor | None = None) -> Tensor:
    """Jittered Lab views.

    Args:
        images: (B, 3, H, W) uint8 RGB.
        generator: source of randomness, on the device of `images`.
        cutout: (B,) bool, which images get a zero square of 15 to 40 % of the side.

    Returns:
        (B, 3, H, W) float32 Lab in about [-1, 1]; of some images one colour channel or both are 0.
    """
    B, _, H, W = images.shape

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        r = torch.rand((B, *shape, 1, 1), generator=generator, device=images.device)
        return low + (high - low) * r

    x = images.float() / 255
    x = x * uniform(0.7, 1.3, 1) * uniform(0.9, 1.1, 3)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * uniform(0.7, 1.3, 1)
    luma = (x * x.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
    x = luma + (x - luma) * uniform(0.6, 1.4, 1)
    lab = rgb_to_lab(x)
    # One of three draws drops a, one of three drops b, so that colour alone is no shortcut.
    drop = uniform(0, 1, 2) < 0.15
    lab = torch.cat([lab[:, :1], lab[:, 1:].masked_fill(drop, 0)], 1)
    if cutout is None:
        return lab
    side = uniform(0.15, 0.4)
    rows = torch.arange(H, device=images.device)[:, None] / H
    columns = torch.arange(W, device=images.device)[None] / W
    top, left = uniform(0, 1) * (1 - side), uniform(0, 1) * (1 - side)
    hole = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return lab.masked_fill((hole & cutout[:, None, None])[:, None], 0)
