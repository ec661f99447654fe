"""What the colours of a mask say: which is the background, and which are soft edges."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
"""uint8 H x W: which of N colours each pixel has."""

_NEAR_BLACK, _NEAR_WHITE = 15, 240
_EDGE_SHARE = 0.75
"""Of a soft edge's colour nearly all pixels lie between a darker and a brighter one."""
_SOFT_SHARE = 0.25
"""A mask has soft edges if this share of its objects' colours, or more, are theirs."""
_FEW = 8
"""Of so few colours those of an edge are wide bands."""
_ON_LINE = 6.0
"""By how much a mixed colour may miss the line between the two that it is mixed of."""


def is_black(colours: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of N x 3 colours are as good as black: bool N."""
    return np.equal((colours <= _NEAR_BLACK).sum(1), 3)


def is_white(colours: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of N x 3 colours are as good as white: bool N."""
    return np.equal((colours >= _NEAR_WHITE).sum(1), 3)


def has_soft_edges(levels: Levels, colours: NDArray[np.uint8]) -> bool:
    """Whether some colours are not objects but the mixtures at the edges of objects.

    They are mixtures by their colour, and lie between what they are mixed of.

    Args:
        levels: index into `colours` by pixel.
        colours: uint8 N x 3, those in use, in any order.
    """
    mixed = _mixtures(colours)
    if not mixed.any():
        return False
    brightness = colours.sum(1, dtype=np.uint16)[levels]
    side = 5 if len(colours) <= _FEW else 3
    around = np.ones((side, side), np.uint8)
    between = (cv2.erode(brightness, around) < brightness) & (
        cv2.dilate(brightness, around) > brightness
    )
    count = len(colours)
    pixels = np.bincount(levels.ravel(), minlength=count)
    inside = np.bincount(levels[between], minlength=count)
    edges = mixed & (inside >= _EDGE_SHARE * pixels)
    return bool(edges.sum() >= _SOFT_SHARE * (count - 1))


def _mixtures(colours: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of N x 3 colours lie on the line between two others: bool N."""
    values = colours.astype(np.float32)
    apart = np.linalg.norm(values[:, None] - values[None], axis=2)
    mixed = np.zeros(len(values), bool)
    for place, to in enumerate(apart):
        ends = np.flatnonzero(to > 0)
        detour = to[ends][:, None] + to[ends][None] - apart[np.ix_(ends, ends)]
        mixed[place] = bool((detour < _ON_LINE).any())
    return mixed


def pack(rgb: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """One number for each pixel of uint8 H x W x 3: 0xRRGGBB."""
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    return np.asarray((red << 16) | (green << 8) | blue, np.uint32)


def unpack(packed: Sequence[int] | NDArray[np.uint32]) -> NDArray[np.uint8]:
    """N x 3 colours of N numbers 0xRRGGBB."""
    numbers = np.asarray(packed, np.uint32)
    return np.stack([numbers >> 16, numbers >> 8, numbers], 1).astype(np.uint8)
