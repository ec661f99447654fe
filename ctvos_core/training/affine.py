"""Affine maps of the plane as (..., 2, 3) arrays: x -> A x + b."""

from __future__ import annotations

import numpy as np


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
