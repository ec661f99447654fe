"""Masks as polygons: parts apart, holes cut open by a slit, so that one outline tells all."""

from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

Polygon = NDArray[np.int32]
"""[P, 2], P at least 3: x, y of pixels on the outline, which belong to the object."""

_AT_A_TIME = 256
"""Points that are compared with all others at once: bounds memory."""


def outlines(mask: NDArray[np.bool_]) -> list[Polygon]:
    """One polygon for each connected part of a mask, bool H x W.

    A hole is joined to the outline by a slit of no width, along which the outline runs in and out.
    Filling a polygon with its border (`cv2.fillPoly`, Pillow's `ImageDraw.polygon` with an
    outline) gives the part back.
    """
    contours, hierarchy = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    if hierarchy is None:
        return []
    # Single pixels and lines are polygons, too, that go there and back.
    points = [
        np.resize(contour[:, 0], (max(3, len(contour)), 2)).astype(np.int32) for contour in contours
    ]
    parts = []
    for place, (_, _, child, parent) in enumerate(hierarchy[0].tolist()):
        if parent >= 0:
            continue
        part = points[place]
        holes = []
        while child >= 0:
            holes.append(points[child])
            child = hierarchy[0][child][0]
        for hole in holes:
            part = joined(part, hole)
        parts.append(part)
    return parts


def single_outline(mask: NDArray[np.bool_]) -> Polygon:
    """One polygon for all parts of a mask that is not empty, with slits from part to part."""
    return reduce(joined, outlines(mask))


def joined(first: Polygon, second: Polygon) -> Polygon:
    """A polygon that runs along the first, over to the second where they are closest, and back."""
    closest, leave, enter = None, 0, 0
    for start in range(0, len(second), _AT_A_TIME):
        apart = first[:, None].astype(np.int64) - second[None, start : start + _AT_A_TIME]
        gaps = np.square(apart).sum(-1)
        if closest is None or gaps.min() < closest:
            closest = gaps.min()
            leave, place = divmod(int(gaps.argmin()), gaps.shape[1])
            enter = start + place
    around = np.roll(second, -enter, 0)
    return np.concatenate([first[: leave + 1], around, around[:1], first[leave:]])
