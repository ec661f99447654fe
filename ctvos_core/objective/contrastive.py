"""Dense contrastive correspondence: the same scene point, seen twice, must look alike."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def sample_features(features: Tensor, points: Tensor) -> Tensor:
    """Bilinear samples of unit features, normalised again.

    Args:
        features: (B, C, h, w), unit length along C.
        points: (B, P, 2) as (x, y) in cells: (0, 0) is the centre of the first cell.

    Returns:
        (B, P, C) of unit length.
    """
    h, w = features.shape[-2:]
    scale = points.new_tensor([2 / max(w - 1, 1), 2 / max(h - 1, 1)])
    sampled = F.grid_sample(features, (points * scale - 1)[:, :, None], align_corners=True)
    return F.normalize(sampled[..., 0].transpose(1, 2), dim=-1)


def contrastive_loss(
    features_a: Tensor,
    features_b: Tensor,
    points_a: Tensor,
    points_b: Tensor,
    valid: Tensor,
    temperature: float = 0.07,
    exclusion_cells: float = 1.5,
    others: Tensor | None = None,
) -> Tensor:
    """InfoNCE from points of view a to view b (one direction).

    The positive of a point is its counterpart in view b; the negatives are all cells of view b of
    every pair in the batch, so within the frame and across videos, except the cells closer than
    `exclusion_cells` to the counterpart.

    Args:
        features_a: (B, C, h, w) unit features of view a.
        features_b: (B, C, h, w) unit features of view b.
        points_a: (B, P, 2) points as (x, y) in cells of view a.
        points_b: (B, P, 2) the same scene points in view b.
        valid: (B, P) bool, which points count.
        temperature: divides the cosine similarities.
        exclusion_cells: radius in cells around the counterpart that is no negative.
        others: (N, C, h, w) unit features of yet other images, all of whose cells are negatives.

    Returns:
        The mean over the valid points, 0 when there is none.
    """
    B, C, h, w = features_b.shape
    query = sample_features(features_a, points_a)
    positive = (query * sample_features(features_b, points_b)).sum(-1) / temperature
    keys = features_b.flatten(2).transpose(1, 2).reshape(B * h * w, C)
    negative = (query.reshape(-1, C) @ keys.T).reshape(B, -1, B, h * w) / temperature
    near = _near_cells(points_b, h, w, exclusion_cells)
    own = torch.arange(B, device=near.device)
    mask = torch.zeros_like(negative, dtype=torch.bool)
    mask[own, :, own] = near
    negative = negative.masked_fill(mask, float("-inf")).flatten(2)
    if others is not None:
        strangers = others.transpose(0, 1).flatten(1)
        negative = torch.cat([negative, query @ strangers / temperature], 2)
    loss = torch.logaddexp(negative.logsumexp(-1), positive) - positive
    return (loss * valid).sum() / valid.sum().clamp_min(1)


def _near_cells(points: Tensor, h: int, w: int, radius: float) -> Tensor:
    """(B, P, h*w) bool: which cells lie closer than `radius` to each point."""
    dy = points[..., 1, None] - torch.arange(h, device=points.device)
    dx = points[..., 0, None] - torch.arange(w, device=points.device)
    return (dy.square()[..., :, None] + dx.square()[..., None, :] < radius**2).flatten(2)
