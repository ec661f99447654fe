"""Videos that are folders with one image per frame."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ctvos_core.errors import InputError
from ctvos_core.video.info import FOLDER_FRAME_RATE, MAX_PIXELS, VideoInfo
from ctvos_core.video.times import Timeline

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
_END_MARKS = {"jpeg": b"\xff\xd9", "png": b"IEND"}
_TAIL_BYTES = 4096  # programs append a little of their own
_EXIF_ORIENTATION = 0x0112
_EXIF_ROTATIONS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
# What Pillow raises on damaged images, besides OSError.
IMAGE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


def index_folder(path: Path) -> VideoInfo:
    """Describe a folder of frames by their headers and ends; see `probe` for the errors."""
    files = _frame_files(path)
    sizes = [_read_header(file) for file in files]
    (width, height), rotation, codec, mode = sizes[0]
    for file, (size, *_) in zip(files, sizes, strict=True):
        if size != (width, height):
            raise InputError(
                "frame_sizes_differ",
                f"{path}: expected frames of one size, got {files[0].name} of {width}x{height} "
                f"and {file.name} of {size[0]}x{size[1]}",
            )
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        frame_count=len(files),
        timeline=Timeline.steady(FOLDER_FRAME_RATE, len(files)),
        rotation=rotation,
        codec=codec,
        pixel_format=mode,
        stems=tuple(file.stem for file in files),
        frame_files=tuple(files),
    )


def read_frame_image(file: Path, index: int) -> NDArray[np.uint8]:
    """An image as displayed (EXIF orientation applied): uint8 H x W x 3, RGB, contiguous.

    Alpha is dropped, grayscale repeated, 16 bits reduced to 8.

    Raises:
        InputError: `video_corrupt` naming file and frame.
    """
    try:
        with Image.open(file, formats=_FORMATS) as image:
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):
                gray = np.asarray(upright).astype(np.uint32)
                return np.repeat(((gray + 128) // 257).astype(np.uint8)[..., None], 3, axis=2)
            return np.array(upright.convert("RGB"))
    except IMAGE_ERRORS as error:
        raise InputError(
            "video_corrupt", f"{file}: frame {index} cannot be decoded: {error}"
        ) from error


def _frame_files(path: Path) -> list[Path]:
    try:
        files = [
            file
            for file in path.iterdir()
            if file.suffix.lower() in FRAME_SUFFIXES
            and file.is_file()
            and not file.name.startswith(".")
        ]
    except OSError as error:
        raise InputError("file_not_found", f"{path}: cannot be opened: {error.strerror}") from error
    if not files:
        kinds = ", ".join(suffix[1:] for suffix in FRAME_SUFFIXES)
        raise InputError(
            "video_has_no_frames", f"{path}: expected frames ({kinds}), got a folder without any"
        )
    files.sort(key=_natural_key)
    by_stem: dict[str, Path] = {}
    for file in files:
        other = by_stem.setdefault(file.stem, file)
        if other is not file:
            raise InputError(
                "frame_names_clash",
                f"{path}: expected one image per frame name, got {other.name} and {file.name}",
            )
    return files


def _natural_key(file: Path) -> tuple[list[tuple[int, str]], str]:
    """Digits count as numbers: frame2 before frame10."""
    parts = re.findall(r"\d+|\D+", file.stem)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], file.name


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


def _read_header(file: Path) -> tuple[tuple[int, int], int, str, str]:
    """Displayed size, rotation, format and mode of an image."""
    try:
        with Image.open(file, formats=_FORMATS) as image:
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
            width, height = image.size
            form, mode = (image.format or "").lower(), image.mode
            if width * height <= MAX_PIXELS and not _has_end(file, form):
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
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return (width, height), _EXIF_ROTATIONS.get(orientation, 0), form, mode
