"""Reading what benchmark folders hold: frames, annotations and result masks, split files."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.results import LabelMap
from ctvos_core.video.frame_files import list_frame_files

VOID = 255
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises for a file that is no image, or a broken one."""


def read_annotation(path: Path, expected_size: tuple[int, int] | None = None) -> LabelMap:
    """The object ids of an annotation PNG as a `(H, W)` uint8 map, 0 background.

    Palette and 8-bit gray images give their stored values; a map without objects is fine. 255 is
    void and becomes 0 (it counts as background, as in semi-supervised DAVIS-2017), except in a gray
    or 1-bit image that holds nothing but 0 and 255: that is a DAVIS-2016 mask and becomes 0 and 1.
    `expected_size` is `(height, width)`. Raises `InputError` for a file that is missing, is no such
    image or has another size.
    """
    labels = read_result_mask(path, expected_size)
    labels[labels == VOID] = 0
    return labels


def read_result_mask(path: Path, expected_size: tuple[int, int] | None = None) -> LabelMap:
    """As `read_annotation`, but 255 beside other ids stays 255: a result has no void pixels."""
    labels, is_gray = _read_stored_values(path)
    if expected_size is not None and labels.shape != expected_size:
        raise InputError("mask_size_differs", f"{path}: {_differs(expected_size, labels.shape)}")
    if is_gray and np.isin(labels, (0, VOID)).all():
        labels //= VOID
    return labels


def image_size(path: Path) -> tuple[int, int]:
    """`(height, width)` of an image file, read from its header."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except UNREADABLE as error:
        raise InputError("frame_unreadable", f"{path}: expected an image, {error}") from error


def list_frames(folder: Path) -> tuple[Path, ...]:
    """The frames of a folder, as `ctvos_core.video` lists them; `InputError` if there are none."""
    require_folder(folder, "a folder of frames")
    return list_frame_files(folder).frames


def list_folders(folder: Path) -> tuple[str, ...]:
    """The names of the folders in `folder`, sorted."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir()))


def require_folder(folder: Path, what: str) -> None:
    """Raise `InputError` unless `folder` is one; `what` says what it should have been."""
    if not folder.is_dir():
        came = "a file" if folder.exists() else "nothing there"
        raise InputError("folder_missing", f"{folder}: expected {what}, found {came}")


def read_split(path: Path) -> tuple[str, ...]:
    """The sequence names of a split file, one a line, in order and each once.

    DAVIS-2016 lists a frame and its mask in each line; the sequence is then the frame's folder.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("split_unreadable", f"{path}: expected a split file, {error}") from error
    entries = [PurePosixPath(line.split()[0]) for line in lines if line.strip()]
    if not entries:
        raise InputError("split_empty", f"{path}: expected sequence names, one a line, found none")
    names = (entry.parent.name if entry.suffix else entry.name for entry in entries)
    return tuple(dict.fromkeys(names))


def require_known(names: Iterable[str], known: Iterable[str], folder: Path) -> None:
    """Raise `InputError` naming the first of `names` that is not among `known`."""
    available = tuple(known)
    for name in names:
        if name not in available:
            shown = ", ".join(available[:8]) + (", ..." if len(available) > 8 else "")
            raise InputError(
                "sequence_unknown",
                f"{folder}: expected one of {shown or '(no sequences)'}, got {name!r}",
            )


def _read_stored_values(path: Path) -> tuple[LabelMap, bool]:
    try:
        with Image.open(path) as image:
            if image.mode not in ("P", "L", "1"):
                raise InputError(
                    "mask_not_indexed",
                    f"{path}: expected a palette or 8-bit gray mask, got image mode {image.mode}",
                )
            is_gray = image.mode != "P"
            values: NDArray[Any] = np.array(image.convert("L") if image.mode == "1" else image)
    except FileNotFoundError as error:
        raise InputError("mask_missing", f"{path}: expected a mask, no such file") from error
    except UNREADABLE as error:
        raise InputError("mask_unreadable", f"{path}: expected a mask image, {error}") from error
    return values.astype(np.uint8, copy=False), is_gray


def _differs(expected: tuple[int, int], actual: tuple[int, ...]) -> str:
    return f"expected {expected[1]}x{expected[0]} pixels, got {actual[1]}x{actual[0]}"
