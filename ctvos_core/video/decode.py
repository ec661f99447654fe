"""Reading the frames of a video one at a time, forwards and backwards, in bounded memory."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.video.container import decode_readable, open_container
from ctvos_core.video.images import read_frame_image
from ctvos_core.video.index import FrameIndex
from ctvos_core.video.info import VideoInfo
from ctvos_core.video.pixels import to_rgb
from ctvos_core.video.probe import index_video

REVERSE_BUFFER_BYTES = 256 * 2**20
"""Most that `FrameReader.frames_reversed` keeps decoded."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame as displayed.

    Attributes:
        index: 0..T-1.
        image: uint8 H x W x 3, RGB, contiguous.
        time_seconds: when it appears; frame 0 at 0.0.
    """

    index: int
    image: NDArray[np.uint8]
    time_seconds: float


class FrameReader:
    """Frames of one video, each decoded when asked for; made by `open_frames`.

    Every iterator has the file open for itself, so several may run at once. Iterating raises
    InputError `video_corrupt` at a frame that cannot be decoded and, in a folder,
    `frame_sizes_differ` at one of another size than the first; in a file such frames are scaled.
    """

    def __init__(self, info: VideoInfo, index: FrameIndex | None) -> None:
        self.info = info
        self._index = index

    def __len__(self) -> int:
        return self.info.frame_count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing stays open between iterations; here so that a reader is used like a file."""

    def frame(self, index: int) -> Frame:
        """One frame, 0 <= index < T."""
        return next(self.frames(index, index + 1))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start, start + 1, ... without stop (default T), one in memory at a time."""
        stop = self._checked_stop(start, stop)
        if self._index is None:
            return self._folder_frames(range(start, stop))
        return self._file_frames(self._index, start, stop)

    def frames_reversed(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames stop - 1 (default T - 1) down to start: the reverse of `frames(start, stop)`.

        A file is decoded in pieces of at most `REVERSE_BUFFER_BYTES`, each from the key frame
        before it.
        """
        stop = self._checked_stop(start, stop)
        if self._index is None:
            return self._folder_frames(range(stop - 1, start - 1, -1))
        return self._file_frames_reversed(self._index, start, stop)

    def _checked_stop(self, start: int, stop: int | None) -> int:
        stop = len(self) if stop is None else stop
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"frames {start} to {stop} of a video of {len(self)}")
        return stop

    def _folder_frames(self, indices: range) -> Iterator[Frame]:
        for index in indices:
            image = read_frame_image(self.info.frame_files[index], index, self.info.white)
            height, width = image.shape[:2]
            if (width, height) != self.info.size:
                raise InputError(
                    "frame_sizes_differ",
                    f"{self.info.path}: expected all frames of {self.info.width}x"
                    f"{self.info.height} like the first, got frame {index} of {width}x{height}",
                )
            yield self._frame(index, image)

    def _file_frames_reversed(
        self, file_index: FrameIndex, start: int, stop: int
    ) -> Iterator[Frame]:
        frame_bytes = self.info.width * self.info.height * 3
        piece = max(1, REVERSE_BUFFER_BYTES // frame_bytes)
        while stop > start:
            middle = max(start, stop - piece)
            frames = list(self._file_frames(file_index, middle, stop))
            while frames:
                yield frames.pop()
            stop = middle

    def _file_frames(self, file_index: FrameIndex, start: int, stop: int) -> Iterator[Frame]:
        if start == stop:
            return
        expected = start
        for index, stored in _stored_frames(self.info, file_index, start):
            if index != expected or (stored.is_corrupt and not file_index.is_decoded):
                break
            image = to_rgb(stored, file_index.orientation)
            yield self._frame(index, _of_size(image, self.info.size))
            expected += 1
            if expected == stop:
                return
        raise InputError(
            "video_corrupt",
            f"{self.info.path}: frame {expected} cannot be decoded: its data is damaged",
        )

    def _frame(self, index: int, image: NDArray[np.uint8]) -> Frame:
        return Frame(index, image, float(self.info.times[index]))


def open_frames(path: str | os.PathLike[str], not_frames: Collection[Path] = ()) -> FrameReader:
    """Open a video file or a folder of frames for reading; see `probe` for the errors.

    Args:
        path: the file or folder.
        not_frames: files in that folder that are something else, such as given masks.

    Example:
        >>> from ctvos_core.video import VideoWriter
        >>> with VideoWriter("made.mp4", 64, 48) as video:
        ...     for index in range(3):
        ...         video.write(np.zeros((48, 64, 3), np.uint8), index / 25)
        >>> [frame.index for frame in open_frames("made.mp4").frames(1)]
        [1, 2]
    """
    return FrameReader(*index_video(path, not_frames))


def _of_size(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A recording may change its size midway; players go on showing it in that of its start."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _stored_frames(
    info: VideoInfo, file_index: FrameIndex, start: int
) -> Iterator[tuple[int, VideoFrame]]:
    """Decoded frames from `start` on with their indices, as far as they can be decoded.

    Seeking is a hint to most containers: where it lands too late the next earlier entry is tried.
    """
    for seek in file_index.entry_points(start):
        with open_container(info.path, file_index.demuxer) as (container, stream):
            if seek is not None:
                try:
                    container.seek(seek, stream=stream)
                except av.FFmpegError:
                    continue
            has_landed = seek is None
            for ordinal, frame in enumerate(decode_readable(container, stream)):
                index = _index_of(frame, ordinal, file_index.pts)
                if index is None:
                    continue
                if not has_landed and index > start:
                    break
                has_landed = True
                if index >= start:
                    yield index, frame
            if has_landed:
                return


def _index_of(frame: VideoFrame, ordinal: int, pts: NDArray[np.int64]) -> int | None:
    """Place of a decoded frame in the video; None for frames that are not shown."""
    if not len(pts):
        return ordinal
    index = int(np.searchsorted(pts, frame.pts)) if frame.pts is not None else len(pts)
    return index if index < len(pts) and pts[index] == frame.pts else None
