"""Mask images: object ids 1..255 on background 0, in indexed PNGs like those of DAVIS."""

import io
import os
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.video.images import IMAGE_ERRORS
from ctvos_core.video.info import MAX_PIXELS
from ctvos_core.video.outputs import replacing

LabelMap = NDArray[np.uint8]
"""uint8 H x W: the id of the object at each pixel, 0 where there is none."""

_MAX_GRAY_IDS = 64
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_GRAY, _PALETTE = 0, 3
_COLOUR_TYPES = {2: "RGB", 4: "grayscale with alpha", 6: "RGB with alpha"}
_OTHER_KINDS = {
    b"\xff\xd8\xff": "JPEG (which changes ids)",
    b"RIFF": "WebP or other RIFF",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_EXPECTED = "expected a PNG with one object id per pixel (indexed or grayscale)"


def read_mask(
    path: str | os.PathLike[str],
    expected_size: tuple[int, int] | None = None,
    *,
    allow_empty: bool = False,
) -> LabelMap:
    """Read object ids from an indexed or grayscale PNG of any bit depth.

    Indices of a palette are ids as they stand. So are gray values, except that an image with no
    other value than black and the depth's white (255 in 8 bits) is one object, id 1.

    Args:
        path: the PNG.
        expected_size: (width, height) of the video as displayed, to be checked.
        allow_empty: take a mask without objects, as annotations have where they are out of sight.

    Returns:
        The label map, with at least one object unless `allow_empty`.

    Raises:
        InputError: with code `file_not_found`, `mask_unreadable`, `mask_not_png`,
            `mask_not_indexed` (colours, alpha), `mask_antialiased`, `mask_id_too_large`,
            `mask_empty`, `mask_size_mismatch` or `mask_too_large`.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file_not_found", f"{path}: mask cannot be opened: {reason}") from error
    width, height, depth, colour_type = _png_header(path, data)
    if width * height > MAX_PIXELS:
        raise InputError(
            "mask_too_large",
            f"{path}: expected a mask of at most {MAX_PIXELS} pixels, got {width}x{height}",
        )
    if expected_size is not None and (width, height) != tuple(expected_size):
        raise InputError("mask_size_mismatch", _size_message(path, (width, height), expected_size))
    if colour_type in _COLOUR_TYPES:
        raise InputError(
            "mask_not_indexed", f"{path}: {_EXPECTED}, got {_COLOUR_TYPES[colour_type]} colours"
        )
    values = _raw_values(path, data, depth, colour_type)
    labels = values.astype(np.uint8) if colour_type == _PALETTE else _gray_ids(path, values, depth)
    if not allow_empty and not labels.any():
        raise InputError(
            "mask_empty", f"{path}: expected at least one object, got background (0) everywhere"
        )
    return labels


def _png_header(path: Path, data: bytes) -> tuple[int, int, int, int]:
    """Width, height, bit depth and colour type."""
    if not data.startswith(_PNG_MAGIC):
        for magic, kind in _OTHER_KINDS.items():
            if data.startswith(magic):
                raise InputError("mask_not_png", f"{path}: {_EXPECTED}, got {kind}")
        came = "something that is not an image" if data else "an empty file"
        raise InputError("mask_unreadable", f"{path}: {_EXPECTED}, got {came}")
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise InputError("mask_unreadable", f"{path}: {_EXPECTED}, got a damaged PNG")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return width, height, data[24], data[25]


def _raw_values(path: Path, data: bytes, depth: int, colour_type: int) -> NDArray[np.uint16]:
    """Pixels as stored in the file, 0 .. 2**depth - 1."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            values = np.asarray(image).astype(np.uint16)
    except (*IMAGE_ERRORS, zlib.error) as error:
        raise InputError(
            "mask_unreadable", f"{path}: {_EXPECTED}, got a damaged PNG: {error}"
        ) from error
    if colour_type == _GRAY and depth in (2, 4):
        values //= 255 // (2**depth - 1)  # Pillow spreads few levels over 0..255
    return values


def _gray_ids(path: Path, values: NDArray[np.uint16], depth: int) -> LabelMap:
    white = 2**depth - 1
    found = np.flatnonzero(np.bincount(values.ravel()))
    objects = found[found > 0]
    if objects.tolist() == [white]:
        return (values > 0).astype(np.uint8)
    has_white_and_more = depth >= 8 and white in objects
    if has_white_and_more or len(objects) > _MAX_GRAY_IDS:
        raise InputError(
            "mask_antialiased",
            f"{path}: {_EXPECTED}, got {len(found)} gray values from {found[0]} to {found[-1]}: "
            "soft edges make new ids; save the mask without anti-aliasing, or as an indexed PNG",
        )
    if len(objects) and objects[-1] > 255:
        raise InputError(
            "mask_id_too_large", f"{path}: expected object ids 1 to 255, got {objects[-1]}"
        )
    return values.astype(np.uint8)


def _size_message(path: Path, got: tuple[int, int], expected: tuple[int, int]) -> str:
    message = (
        f"{path}: expected a mask as large as the video is displayed, {expected[0]}x{expected[1]}, "
        f"got {got[0]}x{got[1]}"
    )
    if got == (expected[1], expected[0]):
        message += " (width and height swapped: is the mask or the video turned by 90 degrees?)"
    return message


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
    """The colours of DAVIS and PASCAL VOC by object id: uint8 256 x 3, RGB, read only."""
    return _palette()


def mask_png_bytes(labels: LabelMap) -> bytes:
    """A label map, uint8 H x W, as an 8-bit indexed PNG with the DAVIS palette, reproducibly."""
    if labels.dtype != np.uint8 or labels.ndim != 2:
        raise ValueError(f"expected labels uint8 H x W, got {labels.dtype} {labels.shape}")
    image = Image.fromarray(labels)
    image.putpalette(davis_palette().tobytes())
    buffer = io.BytesIO()
    # Label maps are long runs: run lengths alone are quicker than searching and smaller than level
    # 1.
    image.save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def write_mask(path: str | os.PathLike[str], labels: LabelMap) -> None:
    """Write a label map as `mask_png_bytes` has it; a reader never sees half a file.

    Raises:
        InputError: `output_not_writable`.
    """
    data = mask_png_bytes(labels)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
