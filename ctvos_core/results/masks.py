"""Masks as they are written: object ids 1..255 on background 0, in PNGs like those of DAVIS."""

import io
import os
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ctvos_core.video.outputs import replacing

LabelMap = NDArray[np.uint8]
"""uint8 H x W: the id of the object at each pixel, 0 where there is none."""

MAKER = "ctvos"
"""What masks name as the software that made them."""


@cache
def _palette() -> NDArray[np.uint8]:
    colours = np.zeros((256, 3), dtype=np.uint8)
    ids = np.arange(256)
    for bit in range(8):  # three bits of the id at a time go to red, green, blue, highest first
        for channel in range(3):
            colours[:, channel] |= (((ids >> (3 * bit + channel)) & 1) << (7 - bit)).astype(
                np.uint8
            )
    colours.setflags(write=False)
    return colours


def davis_palette() -> NDArray[np.uint8]:
    """The colours of DAVIS and PASCAL VOC by object id: uint8 256 x 3, RGB, read only.

    Example:
        >>> davis_palette()[:3].tolist()
        [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    return _palette()


def mask_png_bytes(labels: LabelMap) -> bytes:
    """A label map, uint8 H x W, as an 8-bit indexed PNG with the DAVIS palette, reproducibly.

    Example:
        >>> mask_png_bytes(np.zeros((4, 4), np.uint8))[1:4]
        b'PNG'
    """
    if labels.dtype != np.uint8 or labels.ndim != 2:
        raise ValueError(f"expected labels uint8 H x W, got {labels.dtype} {labels.shape}")
    image = Image.fromarray(labels)
    image.putpalette(davis_palette().tobytes())
    buffer = io.BytesIO()
    maker = PngImagePlugin.PngInfo()
    maker.add_text("Software", MAKER)
    # Label maps are long runs: run lengths alone are quicker than searching and smaller than level
    # 1.
    image.save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=maker)
    return buffer.getvalue()


def write_mask(path: str | os.PathLike[str], labels: LabelMap) -> None:
    """Write a label map as `mask_png_bytes` has it; a reader never sees half a file.

    Raises:
        InputError: `output_not_writable`.
    """
    data = mask_png_bytes(labels)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
