"""Changes of colour that must not change what a point is matched to; applied on the device."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ctvos_core.network.colour import rgb_to_lab

_LUMA = (0.299, 0.587, 0.114)
_LOW = (0.7, 0.9, 0.9, 0.9, 0.7, 0.6)
_HIGH = (1.3, 1.1, 1.1, 1.1, 1.3, 1.4)
JITTERS = len(_LOW)
"""Factors of one image: brightness; red, green and blue; contrast; saturation."""


def draw_jitter(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, `JITTERS`) random factors."""
    return rng.uniform(_LOW, _HIGH, (count, JITTERS)).astype(np.float32)


def jitter(images: Tensor, factors: Tensor) -> Tensor:
    """Change brightness, tint, contrast and saturation.

    Args:
        images: (B, 3, H, W) RGB in [0, 1].
        factors: (B, `JITTERS`).

    Returns:
        (B, 3, H, W) Lab in about [-1, 1].
    """
    f = factors[:, :, None, None, None].unbind(1)
    x = images * f[0] * factors[:, 1:4, None, None]
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * f[4]
    luma = (x * x.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
    return rgb_to_lab(luma + (x - luma) * f[5])


def hide_channels(lab: Tensor, hidden: Tensor) -> Tensor:
    """Set colour channels to 0, so that colour alone is no shortcut.

    Args:
        lab: (..., 3, H, W).
        hidden: (..., 2) bool, which of a and b.
    """
    lab = lab.clone()
    lab[..., 1:, :, :] = lab[..., 1:, :, :].masked_fill(hidden[..., None, None], 0)
    return lab
