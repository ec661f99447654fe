"""The places of pixels, on which affine maps act."""

from __future__ import annotations

import torch
from torch import Tensor


def pixel_places(side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(S, S, 3) homogeneous coordinates (x, y, 1) of the pixels of a square view of side S."""
    axis = torch.arange(side, dtype=dtype, device=device)
    ys, xs = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([xs, ys, torch.ones_like(xs)], -1)
