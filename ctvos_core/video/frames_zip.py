"""A zip of frames, unpacked without trusting anything in it."""

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.video.frame_files import FRAME_SUFFIXES, is_frame_name, is_passed_over, strangers
from ctvos_core.video.images import FRAME_FORMATS, IMAGE_ERRORS
from ctvos_core.video.info import MAX_PIXELS

_COPY_BYTES = 1 << 20
_MAX_NAME_BYTES = 200
_SLACK_BYTES = 64 << 20
_MAX_RATIO = 20  # most images are compressed already
_HEADER_BYTES = 1 << 16
_BYTES_PER_PIXEL = 8  # 16 bits for each of red, green, blue and alpha, as they are
_PLAIN_SLACK_BYTES = 1 << 20
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, OSError),
    *(lzma.LZMAError, struct.error),
    *(ValueError, IndexError, KeyError, RuntimeError, OverflowError),
)


@dataclass(frozen=True)
class _Entry:
    """An image of an archive, and where in it its name says that it lies."""

    info: zipfile.ZipInfo
    name: PurePosixPath


def is_zip(path: Path) -> bool:
    """Whether a file starts as zip archives do."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def unpack_frames(archive: Path, folder: Path, max_frames: int) -> None:
    """Write the images of a zip into a folder, by their own names.

    Everything that is not an image is left out, as are hidden files. All images must be in one
    folder of the archive, whichever. Names may have backslashes, as Windows writes them, and any
    encoding: what is no UTF-8 is read as the zip format's old code page, which keeps their order.

    Args:
        archive: the zip.
        folder: an empty folder.
        max_frames: most images that are taken.

    Raises:
        InputError: `zip_damaged`; `zip_unsafe` (names that lead out of the folder, links,
            encryption); `zip_bomb` (it would grow more than 20 times, and to more than its pictures
            have pixels for); `zip_has_folders` (images in several folders); `frame_names_clash`;
            `too_many_frames`; `video_has_no_frames`.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            frames = _frames(file, archive, max_frames)
            _require_modest_size(file, archive, frames)
            for entry in frames:
                _write(file, entry, folder / entry.name.name)
    except _DAMAGED as error:
        raise InputError(
            "zip_damaged",
            f"{archive.name}: expected a zip of frames, got a damaged one: {_one_line(error)}",
        ) from error


def _frames(file: zipfile.ZipFile, archive: Path, max_frames: int) -> list[_Entry]:
    frames = list(_images(file, archive))
    if not frames:
        kinds = ", ".join(suffix[1:] for suffix in FRAME_SUFFIXES)
        raise InputError(
            "video_has_no_frames",
            f"{archive.name}: expected images ({kinds}), got a zip without any",
        )
    if len(frames) > max_frames:
        raise InputError(
            "too_many_frames",
            f"{archive.name}: expected at most {max_frames} frames, got {len(frames)}",
        )
    folders = {str(entry.name.parent) for entry in frames}
    if len(folders) > 1:
        some = ", ".join(sorted(folders)[:3])
        raise InputError(
            "zip_has_folders",
            f"{archive.name}: expected all images in one folder, got them in {len(folders)}: "
            f"{some[:200]!r}",
        )
    names = [entry.name.name for entry in frames]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            "frame_names_clash",
            f"{archive.name}: expected one image per frame name, got two called {twice[:100]!r}",
        )
    return frames


def _images(file: zipfile.ZipFile, archive: Path) -> Iterator[_Entry]:
    entries = []
    for info in file.infolist():
        name = PurePosixPath(info.filename.replace("\\", "/"))
        _require_safe(info, name, archive)
        hidden = is_passed_over(name.name) or name.parts[:1] == ("__MACOSX",)
        if info.filename[-1:] not in "/\\" and not hidden and is_frame_name(name.name):
            entries.append(_Entry(info, name))
    odd = set(strangers({entry.name.name for entry in entries}))
    return (entry for entry in entries if entry.name.name not in odd)


def _require_safe(entry: zipfile.ZipInfo, name: PurePosixPath, archive: Path) -> None:
    shown = entry.filename[:100]
    first = name.parts[0] if name.parts else ""
    leads_out = name.is_absolute() or ".." in name.parts or first[1:2] == ":"
    if leads_out or "\0" in str(name) or len(_encoded(name.name)) > _MAX_NAME_BYTES:
        came = f"the name {shown!r}"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        came = f"the link {shown!r}"
    elif entry.flag_bits & 0x1:
        came = f"{shown!r}, which is encrypted"
    else:
        return
    raise InputError("zip_unsafe", f"{archive.name}: expected plain image files, got {came}")


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _require_modest_size(file: zipfile.ZipFile, archive: Path, frames: list[_Entry]) -> None:
    """Refuse what grows beyond all measure; flat pictures may, as far as they have pixels."""
    # What an entry declares is all that zipfile hands out of it.
    size, packed = sum(entry.info.file_size for entry in frames), archive.stat().st_size
    most = _SLACK_BYTES + _MAX_RATIO * packed
    if size <= most:
        return
    for entry in frames:
        pixels = _pixels(file, entry)
        if entry.info.file_size > _BYTES_PER_PIXEL * pixels + _PLAIN_SLACK_BYTES:
            raise InputError(
                "zip_bomb",
                f"{archive.name}: expected at most {most} bytes of images in a zip of {packed} "
                f"bytes, or no more than their pixels need, got {size}, of which "
                f"{entry.info.file_size} for {pixels} pixels",
            )


def _pixels(file: zipfile.ZipFile, entry: _Entry) -> int:
    """How many an image declares; 0 for what is none, or declares more than a frame may have."""
    with file.open(entry.info) as source:
        start = io.BytesIO(source.read(_HEADER_BYTES))
    try:
        with Image.open(start, formats=FRAME_FORMATS) as image:
            pixels = image.width * image.height
    except IMAGE_ERRORS:
        return 0
    return pixels if pixels <= MAX_PIXELS else 0


def _write(file: zipfile.ZipFile, entry: _Entry, path: Path) -> None:
    with file.open(entry.info) as source, path.open("xb") as target:
        while data := source.read(_COPY_BYTES):
            target.write(data)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
