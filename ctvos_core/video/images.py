"""Single images as frames: their headers, and their pixels as 8-bit RGB."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard
from warnings import catch_warnings, simplefilter

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from ctvos_core.errors import InputError
from ctvos_core.video.info import MAX_PIXELS

FRAME_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "PPM")
# What Pillow raises on damaged images, besides OSError.
IMAGE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)

_END_MARKS = {"jpeg": b"\xff\xd9", "png": b"IEND"}
_TAIL_BYTES = 4096  # programs append a little of their own
_EXIF_ORIENTATION = 0x0112
_TIFF_BITS = 258
_ROTATIONS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""What white may be: of fractions, and of samples of 8, 10, 12, 14 and 16 bits."""


@dataclass(frozen=True)
class ImageHeader:
    """What an image says of itself.

    Attributes:
        size: width, height as displayed.
        rotation: degrees clockwise by which its pixels are turned: 0, 90, 180, 270.
        codec: `jpeg`, `png`, ...
        mode: Pillow's.
        is_deep: whether its samples have more than 8 bits and an unknown range.
    """

    size: tuple[int, int]
    rotation: int
    codec: str
    mode: str
    is_deep: bool


def read_header(file: Path) -> ImageHeader:
    """Look at an image without decoding it, as far as it shows that it is whole.

    Raises:
        InputError: `video_corrupt`; `video_too_large`.
    """
    try:
        with Image.open(file, formats=FRAME_FORMATS) as image:
            orientation = _orientation(image)
            width, height = image.size
            if orientation >= 5 and not _is_tiff(image):
                width, height = height, width
            codec = (image.format or "").lower()
            header = ImageHeader(
                (width, height),
                _ROTATIONS.get(orientation, 0),
                codec,
                image.mode,
                _is_deep(image, file),
            )
            if width * height <= MAX_PIXELS and not _has_end(file, codec):
                image.load()  # some have no mark at their end, and are whole all the same
    except IMAGE_ERRORS as error:
        raise InputError(
            "video_corrupt", f"{file}: expected a whole image, got damaged bytes: {error}"
        ) from error
    if width * height > MAX_PIXELS:
        raise InputError(
            "video_too_large",
            f"{file}: expected frames of at most {MAX_PIXELS} pixels, got {width}x{height}",
        )
    return header


def read_frame_image(file: Path, index: int, white: float | None = None) -> NDArray[np.uint8]:
    """An image as displayed (EXIF orientation applied): uint8 H x W x 3, RGB, contiguous.

    Alpha is dropped and grayscale repeated.

    Args:
        file: the image.
        index: of the frame, for the error.
        white: the value that becomes 255, where samples have more than 8 bits; None: by this image
            alone.

    Raises:
        InputError: `video_corrupt` naming file and frame.
    """
    try:
        with Image.open(file, formats=FRAME_FORMATS) as image:
            if _is_deep(image, file):
                deep = _read_deep(file, 1 if _is_tiff(image) else _orientation(image))
                return _reduced(deep, white or _white_of(float(deep.max(initial=0))))
            image.load()
            turn = _TURNS.get(_orientation(image))
            upright = image if turn is None else image.transpose(turn)
            if upright.mode.startswith("I"):  # of a netpbm file, scaled to 16 bits by Pillow
                return _reduced(np.asarray(upright)[..., None].repeat(3, axis=2), _WHITES[-1])
            return np.array(upright.convert("RGB"))
    except (*IMAGE_ERRORS, cv2.error) as error:
        raise InputError(
            "video_corrupt", f"{file}: frame {index} cannot be decoded: {error}"
        ) from error


def white_of_all(files: Sequence[Path]) -> float:
    """The value of white in deep frames that belong together: the least usual one that holds all
    samples. Cameras store 10, 12 or 14 bits in 16.

    Raises:
        InputError: `video_corrupt`.
    """
    most = 0.0
    for index, file in enumerate(files):
        try:
            with Image.open(file, formats=FRAME_FORMATS) as image:
                if _is_deep(image, file):
                    most = max(most, float(_read_deep(file, 1).max(initial=0)))
        except (*IMAGE_ERRORS, cv2.error) as error:
            raise InputError(
                "video_corrupt", f"{file}: frame {index} cannot be decoded: {error}"
            ) from error
    return _white_of(most)


def _white_of(most: float) -> float:
    return next((white for white in _WHITES if most <= white), most)


def _reduced(samples: NDArray[np.generic], white: float) -> NDArray[np.uint8]:
    scaled = np.clip(samples.astype(np.float32) * (255 / white) + 0.5, 0, 255)
    return np.ascontiguousarray(scaled.astype(np.uint8))


def _is_tiff(image: Image.Image) -> TypeGuard[TiffImagePlugin.TiffImageFile]:
    """Pillow and OpenCV turn TIFF by themselves; Pillow says so in its size at once."""
    return isinstance(image, TiffImagePlugin.TiffImageFile)


def _is_deep(image: Image.Image, file: Path) -> bool:
    if _is_tiff(image):
        bits = image.tag_v2.get(_TIFF_BITS, 1)
        return max(bits if isinstance(bits, tuple) else (bits,)) > 8
    if image.format == "PNG":
        with file.open("rb") as data:
            return data.read(25)[24] == 16  # the header is always the first chunk
    return False


def _read_deep(file: Path, orientation: int) -> NDArray[np.generic]:
    """All bits of an image, H x W x 3, RGB, of any type."""
    # Any other flag makes OpenCV misread TIFF of more than 8 bits.
    read = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise ValueError("its samples cannot be read")
    read = np.nan_to_num(read.reshape(*read.shape[:2], -1), nan=0, posinf=0, neginf=0)
    samples = read[..., 2::-1] if read.shape[2] >= 3 else read[..., :1].repeat(3, axis=2)
    if orientation >= 5:
        samples = samples.transpose(1, 0, 2)
    if orientation in (2, 3, 7, 6):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return np.asarray(samples)


def _orientation(image: Image.Image) -> int:
    """1 to 8, as EXIF has it; 1 where that cannot be read, which says nothing of the pixels."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # damaged blocks make Pillow raise nearly anything
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _has_end(file: Path, form: str) -> bool:
    """Whether the mark that ends an image is there; True for formats without one.

    Far cheaper than decoding, and what was cut short has none.
    """
    mark = _END_MARKS.get(form)
    if mark is None:
        return True
    with file.open("rb") as data:
        data.seek(max(0, file.stat().st_size - _TAIL_BYTES))
        return mark in data.read()
