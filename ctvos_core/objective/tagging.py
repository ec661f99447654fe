"""Tagging: cutout pixels get like tags, and tags unlike those of the rest (Eq. 4 to 7)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class TagSample(NamedTuple):
    """Tags of random pixels of a region, in B groups that each have a mean of their own."""

    tags: Tensor
    """(B, M) in [0, 1]."""
    valid: Tensor
    """(B, M) bool; a group has fewer than M where its region is smaller."""


def sample_tags(tags: Tensor, region: Tensor, noise: Tensor, count: int) -> TagSample:
    """Tags of at most `count` different random pixels of a region.

    Args:
        tags: (B, H, W) tag maps.
        region: (B, H, W) bool.
        noise: (B, H, W) random numbers in [0, 1): the region's pixels with the greatest are taken.
        count: M, pixels per image; all of a smaller region are taken.
    """
    ranked = torch.where(region, noise, -1.0).flatten(1)
    best = ranked.topk(min(count, ranked.shape[1]), dim=1)
    return TagSample(tags.flatten(1).gather(1, best.indices), best.values >= 0)


def pull_loss(cutout: TagSample) -> Tensor:
    """(B,) `L_cp`: variance of the tags of cutout pixels (Eq. 5); 0 where there are none."""
    spread = (cutout.tags - _mean(cutout)[:, None]).square()
    return _mean(TagSample(spread, cutout.valid))


def push_loss(rest: TagSample, cutout: TagSample, margin: float) -> Tensor:
    """(B,) `L_rp`: what the two mean tags lack of being `margin` apart (Eq. 6).

    0 where one of the regions is empty: there is nothing to push.
    """
    lacking = F.relu(margin - (_mean(rest) - _mean(cutout)).abs())
    return lacking * (rest.valid.any(1) & cutout.valid.any(1))


def tag_cross_entropy(tags: Tensor, cutout: Tensor) -> Tensor:
    """(B,) binary cross-entropy with label 0 in the cutout and 1 elsewhere (Table 6).

    Args:
        tags: (B, H, W) in [0, 1].
        cutout: (B, H, W) bool.
    """
    loss = F.binary_cross_entropy(tags.float(), (~cutout).float(), reduction="none")
    return loss.mean((1, 2))


def tag_difference(tags: Tensor, cutout: Tensor) -> Tensor:
    """(B,) difference between the mean tag inside and outside of the cutout, in [0, 1].

    NaN for an image of which nothing, or everything, is cut out.
    """
    inside = (tags * cutout).sum((1, 2)) / cutout.sum((1, 2))
    outside = (tags * ~cutout).sum((1, 2)) / (~cutout).sum((1, 2))
    return (inside - outside).abs()


def _mean(sample: TagSample) -> Tensor:
    """(B,) mean of the valid tags (Eq. 4); 0 where there are none."""
    return (sample.tags * sample.valid).sum(1) / sample.valid.sum(1).clamp_min(1)
