"""From a decoded frame to RGB as a viewer would see it: colour matrix, range and orientation."""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from av.buffer import Buffer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

_UNSPECIFIED_MATRIX = 2
_MOST_STRETCHED = Fraction(20)
_STRETCH = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Orientation:
    """How a stored frame becomes the displayed one: transpose first, then flip.

    `rotation` is the turn in degrees clockwise; a mirrored picture counts as turned, then mirrored.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def rotation(self) -> int:
        """0, 90, 180 or 270."""
        if self.transpose:
            return 270 if self.flip_y else 90
        return 180 if self.flip_y else 0

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn a stored H x W x 3 image into the displayed one, contiguous."""
        if self.transpose:
            image = np.asarray(cv2.transpose(image), dtype=np.uint8)
        if self.flip_x or self.flip_y:
            axes = -1 if self.flip_x and self.flip_y else int(self.flip_x)
            image = np.asarray(cv2.flip(image, axes), dtype=np.uint8)
        return np.ascontiguousarray(image)


def orientation_of(frame: VideoFrame) -> Orientation:
    """Orientation by the display matrix of a frame, to the nearest right angle."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, Buffer):
        return Orientation()
    # Stored (x, y), y down, is shown at (a x + c y, b x + d y).
    a, b, _, c, d, *_ = np.frombuffer(bytes(matrix), dtype=np.int32).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(transpose=False, flip_x=a < 0, flip_y=d < 0)
    return Orientation(transpose=True, flip_x=c < 0, flip_y=b < 0)


def displayed_aspect(stored: Fraction | None, orientation: Orientation) -> Fraction:
    """Width of a displayed pixel to its height, from that of a stored one; 1 where that is not
    known or is absurd."""
    if not stored or not 1 / _MOST_STRETCHED <= stored <= _MOST_STRETCHED:
        return Fraction(1)
    stored = stored.limit_denominator(1000)
    return 1 / stored if orientation.transpose else stored


def to_rgb(frame: VideoFrame, orientation: Orientation) -> NDArray[np.uint8]:
    """The frame as displayed: uint8 H x W x 3, RGB, full range, contiguous.

    The frame's own colour tags are honoured. Without a tag the matrix is BT.709 from 720 lines up
    and BT.601 below, as players have it. High dynamic range is not tone mapped.
    """
    is_untagged_hd = (
        frame.colorspace == _UNSPECIFIED_MATRIX and min(frame.width, frame.height) >= 720
    )
    matrix = Colorspace.ITU709 if is_untagged_hd else None
    image = np.asarray(frame.to_ndarray(format="rgb24", src_colorspace=matrix), dtype=np.uint8)
    if frame.format.name.startswith("gray") and frame.color_range == ColorRange.MPEG:
        image = _STRETCH[image]  # swscale takes every gray frame for full range
    return orientation.apply(image)
