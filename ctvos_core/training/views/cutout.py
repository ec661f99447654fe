"""Cutouts: one region per clip that is set to zero in the values and in the target.

Coordinates are pixels (x, y) of the current frame's view, (0, 0) the centre of the first pixel; a
view of side S spans [-0.5, S - 0.5] in both.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

Shape = Literal["square", "rectangle", "circle", "triangle"]
SHAPES: tuple[Shape, ...] = ("square", "rectangle", "circle", "triangle")
_SQUARE: list[list[float]] = [[0, 0], [1, 0], [1, 1], [0, 1]]
MAX_AREA = 0.5
"""At least half of the image stays as it is (paper, Section 3.1)."""


class Cutout(NamedTuple):
    """A convex polygon, or a circle."""

    vertices: np.ndarray
    """(V, 2) float32 corners in pixels, in order; a circle has one: its centre."""
    radius: np.ndarray
    """() float32 pixels; 0 of a polygon."""


NO_CUTOUT = Cutout(np.zeros((1, 2), np.float32), np.zeros((), np.float32))


def draw_cutout(rng: np.random.Generator, shape: Shape, area: float, side: int) -> Cutout:
    """A cutout of a given size at a random place, wholly inside the image.

    Args:
        rng: source of randomness.
        shape: triangles are scalene, rectangles between 1:1.2 and 1:2, either way round.
        area: share of the image, in (0, `MAX_AREA`]; the same for every shape.
        side: S, pixels of the square image's side.

    Raises:
        ValueError: `area` out of range, or no such shape.
    """
    if not 0 < area <= MAX_AREA:
        raise ValueError(f"area: expected a share in (0, {MAX_AREA}], got {area}")
    # All in units of the side, the bounding box in [0, width] x [0, height].
    if shape == "square":
        width = height = area**0.5
        corners = _SQUARE
    elif shape == "rectangle":
        width = (area * rng.uniform(1.2, 2)) ** 0.5
        height = area / width
        corners = _SQUARE
    elif shape == "circle":
        width = height = 2 * (area / np.pi) ** 0.5
        corners = [[0.5, 0.5]]
    elif shape == "triangle":
        # Half of the bounding box, which must fit the image in both directions.
        width = rng.uniform(max(2 * area, (1.3 * area) ** 0.5), min(1, (3 * area) ** 0.5))
        height = 2 * area / width
        corners = [[0, 1], [1, 1], [rng.uniform(0.1, 0.4), 0]]
    else:
        raise ValueError(f"shape: expected one of {', '.join(SHAPES)}, got {shape!r}")
    vertices, size = np.array(corners), np.array([width, height])
    for axis in range(2):
        if rng.random() < 0.5:
            vertices[:, axis] = 1 - vertices[:, axis]
    if rng.random() < 0.5:
        vertices, size = vertices[:, ::-1], size[::-1]
    place = rng.uniform(0, 1, 2) * (1 - size)
    vertices = (place + vertices * size) * side - 0.5
    radius = width / 2 * side if shape == "circle" else 0
    return Cutout(vertices.astype(np.float32), np.array(radius, np.float32))


def cutout_masks(vertices: Tensor, radius: Tensor, side: int, to_current: Tensor) -> Tensor:
    """Which pixels of the views of clips are cut out.

    Args:
        vertices: (B, V, 2) as in `Cutout`, in the current frame's view.
        radius: (B,) as in `Cutout`; 0 with one vertex: no cutout.
        side: S, pixels of a view's side.
        to_current: (B, N, 2, 3) maps from pixels of each view to pixels of the current one: those
            of the clip's known motion for a cutout attached to the scene, the identity for one that
            stays where it is in the image (paper).

    Returns:
        (B, N, S, S) bool.
    """
    axis = torch.arange(side, dtype=torch.float32, device=to_current.device)
    ys, xs = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack([xs, ys, torch.ones_like(xs)], -1)
    x, y = torch.einsum("bnij,yxj->ibnyx", to_current, points)
    corners = vertices[:, :, :, None, None, None].unbind(1)
    if len(corners) == 1:
        centre_x, centre_y = corners[0].unbind(1)
        distance = (x - centre_x).square() + (y - centre_y).square()
        return distance < radius.square()[:, None, None, None]
    turns = []
    for (ax, ay), (bx, by) in pairwise([c.unbind(1) for c in (*corners, corners[0])]):
        turns.append((bx - ax) * (y - ay) - (by - ay) * (x - ax))
    # Inside a convex polygon all corners turn the same way, whichever that is.
    sides = torch.stack(turns)
    return (sides > 0).all(0) | (sides < 0).all(0)
