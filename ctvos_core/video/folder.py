"""Videos that are folders with one image per frame."""

from collections.abc import Collection
from pathlib import Path

from ctvos_core.errors import InputError
from ctvos_core.video.frame_files import list_frame_files
from ctvos_core.video.images import read_header, white_of_all
from ctvos_core.video.info import FOLDER_FRAME_RATE, VideoInfo
from ctvos_core.video.times import Timeline


def index_folder(path: Path, not_frames: Collection[Path] = ()) -> VideoInfo:
    """Describe a folder of frames by their headers and ends; see `probe` for the errors.

    Args:
        path: the folder.
        not_frames: files in it that are something else, such as given masks.
    """
    listed = list_frame_files(path, not_frames)
    files = listed.frames
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
        frame_files=files,
        warnings=listed.warnings,
        white=white_of_all(files) if any(header.is_deep for header in headers) else None,
    )
