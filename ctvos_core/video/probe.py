"""Look at a video before work on it begins."""

import os
from collections.abc import Collection
from pathlib import Path

from ctvos_core.errors import InputError
from ctvos_core.video.folder import index_folder
from ctvos_core.video.index import FrameIndex, index_file
from ctvos_core.video.info import VideoInfo


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Describe a video file, or a folder of frames (`frame_files` says which, and their order).

    Files are known by their bytes, whatever their name (`container.CONTAINERS`). All of the file is
    read and checked for being complete; only what packets cannot tell is decoded.

    Raises:
        InputError: with code
            `file_not_found`;
            `not_a_video`: no container that is known;
            `external_reference`: a playlist or the like, which points to other files;
            `video_has_no_video_stream`: audio only;
            `video_codec_unsupported`;
            `video_has_no_frames`: also a folder without images;
            `video_truncated`: cut short;
            `video_corrupt`: a frame that cannot be decoded;
            `video_too_large`: frames above `MAX_PIXELS`;
            `frame_sizes_differ`, `frame_names_clash`: of a folder.

    Example:
        >>> from ctvos_core.video import VideoWriter
        >>> with VideoWriter("made.mp4", 64, 48) as video:
        ...     for index in range(3):
        ...         video.write(np.zeros((48, 64, 3), np.uint8), index / 25)
        >>> info = probe("made.mp4")
        >>> info.width, info.height, info.frame_count
        (64, 48, 3)
    """
    return index_video(path)[0]


def index_video(
    path: str | os.PathLike[str], not_frames: Collection[Path] = ()
) -> tuple[VideoInfo, FrameIndex | None]:
    """What `probe` gives, and for a file the index that its reader needs.

    Args:
        path: a video file or a folder of frames.
        not_frames: files in that folder that are something else, such as given masks.
    """
    path = Path(path)
    if path.is_dir():
        return index_folder(path, not_frames), None
    if not path.is_file():
        raise InputError(
            "file_not_found", f"{path}: expected a video file or a folder of frames, got nothing"
        )
    return index_file(path)
