"""Which files of a folder are the frames of a video, and in which order: decided here alone."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ctvos_core.errors import InputError

FRAME_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
_SYSTEM_FILES = {"thumbs.db", "desktop.ini"}
_NAMED_AT_MOST = 5
_DIGITS = "0123456789"
_MASK_WORDS = re.compile(r"mask|label|annot|alpha|matte|overlay|segm|trimap|depth", re.IGNORECASE)


@dataclass(frozen=True)
class FrameFiles:
    """The files of a folder.

    Attributes:
        frames: at least one, in natural order.
        unread: names of visible files that are no frames, each with the reason, in natural order.
    """

    frames: tuple[Path, ...]
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line that names what is left out, if anything is."""
        if not self.unread:
            return ()
        some = ", ".join(f"{name} ({why})" for name, why in self.unread[:_NAMED_AT_MOST])
        more = len(self.unread) - _NAMED_AT_MOST
        some += f" and {more} more" if more > 0 else ""
        return (f"{self.frames[0].parent}: not read as frames: {some}",)


def list_frame_files(folder: Path, not_frames: Collection[Path] = ()) -> FrameFiles:
    """The frames of a folder.

    A frame is an image by its suffix. Hidden files and those that systems leave behind are passed
    over. Of images whose names follow another pattern than those of most, the ones that are called
    masks or the like, and those without a number, are no frames.

    Args:
        folder: not searched below.
        not_frames: files that are known to be something else, such as given masks.

    Raises:
        InputError: `file_not_found`, `video_has_no_frames`, or `frame_names_clash` (two images of
            one name, whose masks would replace each other).
    """
    try:
        found = sorted(folder.iterdir(), key=lambda path: natural_key(path.name))
    except OSError as error:
        raise InputError(
            "file_not_found", f"{folder}: cannot be opened: {error.strerror}"
        ) from error
    others = {path.resolve() for path in not_frames}
    frames: list[Path] = []
    unread: dict[str, str] = {}
    for path in found:
        if is_passed_over(path.name) or (path.is_dir() and not is_frame_name(path.name)):
            continue
        if why := _why_no_frame(path, others):
            unread[path.name] = why
        else:
            frames.append(path)
    for name in strangers([path.name for path in frames]):
        unread[name] = "named unlike the frames"
    frames = [path for path in frames if path.name not in unread]
    if not frames:
        raise InputError("video_has_no_frames", _no_frames(folder, found, unread))
    _require_one_per_stem(folder, frames)
    order = sorted(unread.items(), key=lambda entry: natural_key(entry[0]))
    return FrameFiles(tuple(frames), tuple(order))


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A file's place among others: digits count as numbers, so frame2 comes before frame10."""
    stem = name.rpartition(".")[0] or name
    parts = re.findall(r"[0-9]+|[^0-9]+", stem)
    return [(0, int(part), "") if part[0] in _DIGITS else (1, 0, part) for part in parts], name


def is_frame_name(name: str) -> bool:
    """Whether a file is an image by its suffix."""
    return Path(name).suffix.lower() in FRAME_SUFFIXES


def is_passed_over(name: str) -> bool:
    """Whether a file is hidden, or left behind by a system, and not worth a word."""
    return name.startswith(".") or name.lower() in _SYSTEM_FILES


def strangers(names: Iterable[str]) -> list[str]:
    """Of the names of images, those that are no frames beside the rest.

    Most names have one pattern (`shot#`, where # stands for a number); those of another pattern
    are strangers if they have no number or speak of masks.
    """
    patterns = {name: re.sub("[0-9]+", "#", Path(name).stem) for name in names}
    if not patterns:
        return []
    common, count = Counter(patterns.values()).most_common(1)[0]
    if count < 2 or "#" not in common:
        return []
    return [
        name
        for name, pattern in patterns.items()
        if pattern != common
        and ("#" not in pattern or (_MASK_WORDS.search(pattern) and not _MASK_WORDS.search(common)))
    ]


def _why_no_frame(path: Path, others: Collection[Path]) -> str | None:
    if not path.exists():
        return "a link to a file that is not there" if path.is_symlink() else "it cannot be opened"
    if not path.is_file():
        return "no file"
    if path.resolve() in others:
        return "given as a mask"
    if not is_frame_name(path.name):
        return "no image by its name"
    return None


def _no_frames(folder: Path, found: list[Path], unread: dict[str, str]) -> str:
    kinds = ", ".join(suffix[1:] for suffix in FRAME_SUFFIXES)
    message = f"{folder}: expected frames ({kinds}), got a folder without any"
    inside = [path.name for path in found if path.is_dir() and not path.name.startswith(".")]
    if inside:
        message += f"; of its folders, {inside[0]}, give the one with the frames"
    if unread:
        message += f"; not read: {next(iter(unread))} ({next(iter(unread.values()))})"
    return message


def _require_one_per_stem(folder: Path, frames: list[Path]) -> None:
    by_stem: dict[str, Path] = {}
    for file in frames:
        other = by_stem.setdefault(file.stem, file)
        if other is not file:
            raise InputError(
                "frame_names_clash",
                f"{folder}: expected one image per frame name, got {other.name} and {file.name}",
            )
