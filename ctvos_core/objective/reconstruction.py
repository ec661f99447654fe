"""Reconstruction of the current frame with its cutout, by the decoder and by copying."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def reconstruction_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """`L_c_reconstruction`: Huber loss with delta 1, mean over pixels and channels (Eq. 2, 3).

    Args:
        predicted: (B, 3, H, W) the decoder's image, in [-1, 1].
        target: (B, 3, H, W) the current frame with the cutout, in [-1, 1].
    """
    return F.huber_loss(predicted.float(), target.float(), delta=1.0)


def copy_loss(copied: Tensor, target: Tensor, threshold: float = 0.05) -> Tensor:
    """How far values carried by attention alone are from the current frame's own (not the paper's).

    Smooth L1 that is linear above a small threshold: squares of differences on [-1, 1] would hardly
    train anything.

    Args:
        copied: (B, 3, h, w) attended colours of the cells, in about [-1, 1].
        target: (B, 3, h, w) colours of the current frame's cells.
        threshold: difference from which on the loss is linear.
    """
    return F.smooth_l1_loss(copied.float(), target.float(), beta=threshold)


def cell_means(images: Tensor, stride: int) -> Tensor:
    """Mean colour around the centre of every cell; cell j is centred on pixel stride * j.

    Args:
        images: (B, C, H, W), H and W multiples of `stride`.
        stride: even number of pixels per cell.

    Returns:
        (B, C, H / stride, W / stride).
    """
    return F.avg_pool2d(
        images, stride + 1, stride, stride // 2, count_include_pad=False, ceil_mode=False
    )
