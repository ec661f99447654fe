"""RGB images to the Lab tensors that the network reads."""

from __future__ import annotations

import torch
from torch import Tensor

# sRGB (D65) to XYZ, each row divided by the white point.
_RGB_TO_XYZ = (
    (0.412453 / 0.950456, 0.357580 / 0.950456, 0.180423 / 0.950456),
    (0.212671, 0.715160, 0.072169),
    (0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754),
)
_EPSILON = 0.008856


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """CIE Lab of sRGB images, scaled to about [-1, 1].

    Args:
        rgb: (..., 3, H, W), uint8 in [0, 255] or floating point in [0, 1].

    Returns:
        (..., 3, H, W) float32: ((L - 50) / 50, a / 127, b / 127).
    """
    if rgb.shape[-3] != 3:
        raise ValueError(f"rgb: expected shape (..., 3, H, W), got {tuple(rgb.shape)}")
    if rgb.dtype == torch.uint8:
        # 256 possible inputs: a table saves the power function on every pixel.
        table = _linear(torch.arange(256, device=rgb.device) / 255)
        linear = table[rgb.int()]
    else:
        linear = _linear(rgb.float().clamp(0, 1))
    matrix = torch.tensor(_RGB_TO_XYZ, device=rgb.device)
    xyz = torch.einsum("ij,...jhw->...ihw", matrix, linear)
    f = torch.where(xyz > _EPSILON, xyz.clamp_min(_EPSILON).pow(1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(-3)
    return torch.stack(
        ((116 * y - 66) / 50, 500 * (x - y) / 127, 200 * (y - z) / 127),
        dim=-3,
    )


def _linear(srgb: Tensor) -> Tensor:
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055).pow(2.4))
