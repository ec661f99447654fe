"""Which point of the next frame a point moves to, found without learning (DIS optical flow)."""

from __future__ import annotations

import cv2
import numpy as np

GRID = 8
"""Pixels between the grid points on which motion is kept."""


COLOUR_TOLERANCE = 25.0
"""Mean difference over R, G and B, of 255, that a point keeps while it moves."""


def grid_points(height: int, width: int) -> np.ndarray:
    """(h, w, 2) float32 pixel positions (x, y) of the motion grid of an image."""
    ys, xs = np.mgrid[GRID // 2 : height : GRID, GRID // 2 : width : GRID]
    return np.stack([xs, ys], -1).astype(np.float32)


def match_frames(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Where the grid points of `first` are in `second`.

    Args:
        first: (H, W, 3) uint8 RGB.
        second: likewise, the same size.

    Returns:
        (h, w, 2) float16 displacement (dx, dy) in pixels; NaN where flow forward and back disagree
        by more than a pixel and a twentieth of the motion, or where the colours differ by more than
        `COLOUR_TOLERANCE`: at occlusions and across scene cuts.
    """
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    a, b = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (first, second))
    forward = dis.calc(a, b, None)  # type: ignore[call-overload]
    backward = dis.calc(b, a, None)  # type: ignore[call-overload]
    points = grid_points(*a.shape)
    ahead = _at(forward, points)
    there = points + ahead
    gap = np.linalg.norm(ahead + _at(backward, there), axis=-1)
    height, width = a.shape
    inside = ((there >= 0) & (there <= (width - 1, height - 1))).all(-1)
    # Blurred, so that a pixel's error of place is no difference of colour.
    colours = [cv2.blur(image, (5, 5)).astype(np.float32) for image in (first, second)]
    change = np.abs(_at(colours[0], points) - _at(colours[1], there)).mean(-1)
    consistent = inside & (gap < 1 + 0.05 * np.linalg.norm(ahead, axis=-1))
    consistent &= change < COLOUR_TOLERANCE
    return np.where(consistent[..., None], ahead, np.nan).astype(np.float16)


def displace(points: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Move points by motion kept on the grid; (P, 2) in and out, NaN where it is not known."""
    cell = (points / GRID - 0.5).astype(np.float32)
    known = np.nan_to_num(motion.astype(np.float32), nan=1e6)
    moved = points + _at(known, cell)
    # A neighbour without motion drives the interpolated value out of all bounds.
    lost = (np.abs(moved - points) > 1e3).any(-1) | np.isnan(points).any(-1)
    return np.where(lost[..., None], np.nan, moved)


def _at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Bilinear samples of an (H, W, C) field at (..., 2) points (x, y), clamped to the border."""
    flat = np.nan_to_num(points.reshape(-1, 1, 2).astype(np.float32), nan=-1.0)
    sampled = cv2.remap(
        field, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return sampled.reshape(*points.shape[:-1], -1)
