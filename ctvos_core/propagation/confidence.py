"""How sure a propagated mask is, from its probabilities alone."""

from __future__ import annotations

import torch
from torch import Tensor


def expected_overlaps(scores: Tensor) -> list[float]:
    """The overlap (J) that each object's mask has with its probabilities.

    A mask whose probabilities are all 1 has 1. It gets less where the mask itself is in doubt and
    where there is doubt outside: an object that leaks into its surroundings, or that two places
    share, is sure nowhere. Of an object that is not seen it is how sure its absence is.

    Args:
        scores: (K+1, h, w) probabilities, the background's first.

    Returns:
        K values in [0, 1].
    """
    objects = scores[1:].float()
    slots = torch.arange(1, len(scores), device=scores.device)[:, None, None]
    own = (scores.argmax(0) == slots).float()
    overlap = torch.minimum(objects, own).sum((1, 2)) / torch.maximum(objects, own).sum(
        (1, 2)
    ).clamp_min(1e-6)
    absence = 1 - objects.amax((1, 2))
    return torch.where(own.amax((1, 2)) > 0, overlap, absence).tolist()
