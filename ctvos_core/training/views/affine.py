"""Affine maps of the plane as (..., 2, 3) arrays: x -> A x + b."""

from __future__ import annotations

import numpy as np

_SCALE, _ROTATION, _SHIFT = 0.35, 0.35, 0.25
"""Of the affine motion from the first past frame to the current one, at strength 1: logarithm of
the change of size, radians, share of the view's side."""


def apply(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(P, 2) points, moved by a (2, 3) map."""
    return points @ affine[:, :2].T + affine[:, 2]


def invert(affine: np.ndarray) -> np.ndarray:
    """The (2, 3) map back."""
    turn = np.linalg.inv(affine[:, :2])
    return np.hstack([turn, -(turn @ affine[:, 2])[:, None]])


def chain(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The (2, 3) map that does `first`, then `second`."""
    turn = second[:, :2] @ first
    turn[:, 2] += second[:, 2]
    return turn


def about(
    centre: np.ndarray, target: np.ndarray, scale: float, angle: float = 0.0, mirror: bool = False
) -> np.ndarray:
    """The (2, 3) map that turns by `angle` radians, scales, and takes `centre` to `target`."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) * scale
    if mirror:
        turn[:, 0] *= -1
    return np.hstack([turn, (target - turn @ centre)[:, None]])


def draw_motion(rng: np.random.Generator, past: int, strength: float, side: int) -> np.ndarray:
    """(past + 1, 2, 3) maps from each frame's view to the last's: a steady motion and a tremor.

    Args:
        rng: source of randomness.
        past: frames before the last.
        strength: 0 for none, 1 for that of clips made from a photo.
        side: pixels of a view's side.
    """
    limits = strength * np.array([_SCALE, _ROTATION, _SHIFT, _SHIFT])
    overall = rng.uniform(-limits, limits)
    middle = np.full(2, (side - 1) / 2)
    maps = []
    for back in range(past, -1, -1):
        tremor = rng.uniform(-limits, limits) * 0.1 * (back > 0)
        scale, angle, dx, dy = overall * back / past + tremor
        maps.append(about(middle, middle + side * np.array([dx, dy]), np.exp(scale), angle))
    return np.stack(maps)
