"""Spoilt values (not the paper's): past masks as propagation makes them, not as they should be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_GRID = 9
"""Side of the random fields that decide where masks are wrong."""
_BLUR = (2, 12)
"""Pixels: how far from its outline a mask can be wrong, at most."""
_MISSING = (0.0, 0.12)
"""Share of the view in which a mask has the wrong tone wherever it is."""


class SpoiltPlan(NamedTuple):
    """What is wrong with the past masks of B clips."""

    strength: np.ndarray
    """(B,) float32 in [0, 1]; 0: nothing is wrong."""
    blur: np.ndarray
    """(B,) int64 pixels to either side."""
    missing: np.ndarray
    """(B,) float32 share of the view."""
    fields: np.ndarray
    """(B, 2, N, g, g) float32 in [-1, 1], for outlines and for parts, of each of N views."""


def draw_spoilt(rng: np.random.Generator, present: bool, views: int) -> SpoiltPlan:
    """What to spoil in one clip of N views, without the axis of clips.

    Propagation repeats its mistakes: in most clips all past masks are wrong in the same places.
    """
    same = rng.random() < 0.7
    fields = rng.uniform(-1, 1, (2, 1 if same else views, _GRID, _GRID))
    return SpoiltPlan(
        strength=np.array(rng.uniform(0.3, 1) * present, np.float32),
        blur=np.array(rng.integers(*_BLUR, endpoint=True)),
        missing=np.array(rng.uniform(*_MISSING) * (rng.random() < 0.5), np.float32),
        fields=np.broadcast_to(fields, (2, views, _GRID, _GRID)).astype(np.float32),
    )


def spoil(contents: Tensor, plan: SpoiltPlan) -> Tensor:
    """Mask-like values with mistakes in all views but the first, which is given, and the last.

    Outlines move to and fro by up to `blur` pixels, as a smooth random field says, and where a
    second field is highest the tone is the opposite: a part that is missing, or a leak.

    Args:
        contents: (B, N, 3, S, S) of two tones, -1 and +1.
        plan: for these B clips.
    """
    B, N, _, side, _ = contents.shape
    strength, missing, fields = (
        torch.from_numpy(part).to(contents.device)
        for part in (plan.strength, plan.missing, plan.fields)
    )
    smooth = F.interpolate(fields.flatten(0, 1), (side, side), mode="bicubic", align_corners=True)
    edges, parts = smooth.unflatten(0, (B, 2)).unbind(1)
    tone = contents[:, :, 0]
    wrong = []
    for clip, reach in zip(tone, plan.blur.tolist(), strict=True):
        blurred = F.avg_pool2d(clip[None], 2 * reach + 1, 1, reach, count_include_pad=False)
        wrong.append(blurred[0])
    moved = (torch.stack(wrong) + strength[:, None, None, None] * edges).sign()
    at = (missing * side * side).long().clamp_max(side * side - 1)
    ranks = parts.flatten(2).sort(2, descending=True).values
    ranks = ranks.gather(2, at[:, None, None].expand(-1, N, 1))
    moved = torch.where(parts > ranks[..., None], -moved, moved)
    spoilt = torch.where(strength[:, None, None, None] > 0, moved, tone)
    spoilt = torch.cat([tone[:, :1], spoilt[:, 1:-1], tone[:, -1:]], 1)
    return spoilt[:, :, None].expand_as(contents)
