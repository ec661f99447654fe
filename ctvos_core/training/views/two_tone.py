"""Values that look like masks: the value encoder sees masks later, in training it sees colours."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def two_tone(images: Tensor, direction: Tensor, share: Tensor) -> Tensor:
    """Images of only -1 and +1, of the same tone wherever the scene shows the same colour.

    Smoothed colours are projected on one random direction per clip and split where the given share
    of the clip's last view lies below: the tones move with whatever moves, and only the values tell
    which is which.

    Args:
        images: (B, N, 3, H, W) Lab views of B clips.
        direction: (B, 3) weights of the three channels.
        share: (B,) in (0, 1), how much of the last view is -1: masks are of any size.

    Returns:
        (B, N, 3, H, W), the three channels alike, as of masks.
    """
    B, N, C, H, W = images.shape
    smooth = F.avg_pool2d(images.flatten(0, 1), 5, 1, 2, count_include_pad=False)
    projected = (smooth.unflatten(0, (B, N)) * direction[:, None, :, None, None]).sum(2)
    last = projected[:, -1].flatten(1).sort(1).values
    at = (share * last.shape[1]).long().clamp(1, last.shape[1]) - 1
    limit = last.gather(1, at[:, None])
    tone = (projected > limit[..., None, None]).to(images.dtype) * 2 - 1
    return tone[:, :, None].expand(B, N, C, H, W)
