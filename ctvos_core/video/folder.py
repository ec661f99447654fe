"""Videos that are folders with one image per frame."""

import re
from pathlib import Path

from ctvos_core.errors import InputError
from ctvos_core.video.images import read_header, white_of_all
from ctvos_core.video.info import FOLDER_FRAME_RATE, VideoInfo
from ctvos_core.video.times import Timeline

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def index_folder(path: Path) -> VideoInfo:
    """Describe a folder of frames by their headers and ends; see `probe` for the errors."""
    files = _frame_files(path)
    headers = [read_header(file) for file in files]
    first = headers[0]
    width, height = first.size
    for file, header in zip(files, headers, strict=True):
        if header.size != first.size:
            raise InputError(
                "frame_sizes_differ",
                f"{path}: expected frames of one size, got {files[0].name} of {width}x{height} "
                f"and {file.name} of {header.size[0]}x{header.size[1]}",
            )
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        frame_count=len(files),
        timeline=Timeline.steady(FOLDER_FRAME_RATE, len(files)),
        rotation=first.rotation,
        codec=first.codec,
        pixel_format=first.mode,
        stems=tuple(file.stem for file in files),
        frame_files=tuple(files),
        white=white_of_all(files) if any(header.is_deep for header in headers) else None,
    )


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
