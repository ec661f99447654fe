"""A zip of frames, unpacked without trusting anything in it."""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ctvos_core.errors import InputError
from ctvos_core.video.folder import FRAME_SUFFIXES

_COPY_BYTES = 1 << 20
_MAX_NAME_BYTES = 200
_SLACK_BYTES = 64 << 20
_MAX_RATIO = 20  # images are compressed already
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, OSError)


def is_zip(path: Path) -> bool:
    """Whether a file starts as zip archives do."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def unpack_frames(archive: Path, folder: Path, max_frames: int) -> None:
    """Write the images of a zip into a folder, by their own names.

    Everything that is not an image is left out, as are hidden files. All images must be in one
    folder of the archive, whichever.

    Args:
        archive: the zip.
        folder: an empty folder.
        max_frames: most images that are taken.

    Raises:
        InputError: `zip_damaged`; `zip_unsafe` (names that lead out of the folder, links,
            encryption); `zip_bomb` (it would grow more than 20 times); `zip_has_folders` (images in
            several folders); `too_many_frames`; `video_has_no_frames`.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            frames = _frames(file, archive, max_frames)
            _require_modest_size(archive, frames)
            for entry in frames:
                _write(file, entry, folder / PurePosixPath(entry.filename).name)
    except _DAMAGED as error:
        raise InputError(
            "zip_damaged", f"{archive.name}: expected a zip of frames, got a damaged one: {error}"
        ) from error


def _frames(file: zipfile.ZipFile, archive: Path, max_frames: int) -> list[zipfile.ZipInfo]:
    frames = []
    for entry in file.infolist():
        name = PurePosixPath(entry.filename)
        _require_safe(entry, name, archive)
        hidden = name.name.startswith(".") or name.parts[:1] == ("__MACOSX",)
        if not entry.is_dir() and not hidden and name.suffix.lower() in FRAME_SUFFIXES:
            frames.append(entry)
    if not frames:
        raise InputError(
            "video_has_no_frames", f"{archive.name}: expected images, got a zip without any"
        )
    if len(frames) > max_frames:
        raise InputError(
            "too_many_frames",
            f"{archive.name}: expected at most {max_frames} frames, got {len(frames)}",
        )
    folders = {str(PurePosixPath(entry.filename).parent) for entry in frames}
    if len(folders) > 1:
        some = ", ".join(sorted(folders)[:3])
        raise InputError(
            "zip_has_folders",
            f"{archive.name}: expected all images in one folder, got them in {len(folders)}: "
            f"{some[:200]}",
        )
    return frames


def _require_safe(entry: zipfile.ZipInfo, name: PurePosixPath, archive: Path) -> None:
    shown = entry.filename[:100]
    leads_out = name.is_absolute() or ".." in name.parts or "\\" in entry.filename
    if leads_out or len(name.name.encode()) > _MAX_NAME_BYTES:
        came = f"the name {shown!r}"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        came = f"the link {shown!r}"
    elif entry.flag_bits & 0x1:
        came = f"{shown!r}, which is encrypted"
    else:
        return
    raise InputError("zip_unsafe", f"{archive.name}: expected plain image files, got {came}")


def _require_modest_size(archive: Path, frames: list[zipfile.ZipInfo]) -> None:
    # What an entry declares is all that zipfile hands out of it.
    size, packed = sum(entry.file_size for entry in frames), archive.stat().st_size
    most = _SLACK_BYTES + _MAX_RATIO * packed
    if size > most:
        raise InputError(
            "zip_bomb",
            f"{archive.name}: expected at most {most} bytes of images in a zip of {packed} bytes, "
            f"got {size}",
        )


def _write(file: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    with file.open(entry) as source, path.open("xb") as target:
        while data := source.read(_COPY_BYTES):
            target.write(data)
