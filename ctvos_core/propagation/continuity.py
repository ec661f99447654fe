"""Objects do not jump: what looks like one of them, far from where it was, is something else."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_SEEN = 0.5
"""Least probability at which a cell shows an object."""
_FOUND = 0.7
"""Share of an object's area in the last frame that is near its place, if it has not gone."""


def without_jumps(soft: Tensor, before: Tensor, radius: int) -> Tensor:
    """Soft masks without what is far from where each object was in the last frame.

    Given frames are seen as a whole, so that an object that was hidden or moved far is found again:
    so are its look-alikes. They are left alone as long as most of the object is found near its
    place. An object that is not, or that was not seen in the last frame, may be anywhere.

    Args:
        soft: (K+1, h parts, w parts) probabilities of the background and of K objects.
        before: (K'+1, h, w) those of the last frame in cells; K' <= K, new objects come last.
        radius: cells around those that showed the object.

    Returns:
        As `soft`; the background gains what the objects lose.
    """
    objects = soft[1:]
    parts = soft.shape[-1] // before.shape[-1]
    new = before.new_zeros(len(soft) - len(before), *before.shape[1:])
    before = torch.cat([before[1:], new])
    seen = (before >= _SEEN).to(soft.dtype)
    near = F.max_pool2d(seen[None], 2 * radius + 1, 1, radius)[0]
    found = (F.avg_pool2d(objects, parts) * near).sum((1, 2))
    is_there = (found >= _FOUND * before.sum((1, 2))) & seen.any(2).any(1)
    kept = torch.where(is_there[:, None, None], near, 1.0)
    objects = objects * F.interpolate(kept[None], scale_factor=parts, mode="nearest")[0]
    return torch.cat([1 - objects.sum(0, keepdim=True), objects])
