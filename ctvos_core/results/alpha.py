"""Cut-outs: the objects of a video over nothing, for editors and web pages."""

import os
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.results.masks import LabelMap
from ctvos_core.video.info import MAX_PIXELS
from ctvos_core.video.outputs import replacing, writing
from ctvos_core.video.times import OutputClock, Timeline

_ENCODER: Final = "libvpx-vp9"
_TIME_BASE = Fraction(1, 1000)  # all that WebM has
_OPTIONS = {
    "crf": "32",
    "b": "0",
    "deadline": "realtime",
    "cpu-used": "8",
    "row-mt": "1",
    "auto-alt-ref": "0",  # frames that are never shown have no alpha
}
_COLOUR_MARGIN = 8
"""Pixels around the objects that keep their colour: chroma is shared by four pixels, and blocks by
more, so black beside an edge would darken it."""


class AlphaWriter:
    """Encodes frames to a VP9 WebM with alpha (yuva420p): opaque on objects, clear elsewhere.

    The file appears at `close`; used as a context manager, an exception leaves nothing behind.

    Args:
        path: the WebM to write, or to replace.
        width, height: of the frames, in pixels.
        timeline: when the frames will be shown; left out for 25 frames a second.
        sample_aspect_ratio: width of a pixel to its height when displayed; where that is not 1 the
            frames are stretched to square pixels, as not every player heeds it in a WebM.

    Raises:
        InputError: `encoder_missing` when FFmpeg was built without libvpx; `output_not_writable`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        width: int,
        height: int,
        *,
        timeline: Timeline | None = None,
        sample_aspect_ratio: Fraction = Fraction(1),
    ) -> None:
        if _ENCODER not in av.codecs_available:
            raise InputError(
                "encoder_missing", f"{path}: expected FFmpeg with {_ENCODER}, got one without it"
            )
        self._path = Path(path)
        self._size = square_size(width, height, sample_aspect_ratio)
        self._clock = OutputClock(_TIME_BASE)
        rate = (timeline or Timeline.steady()).rate
        self._reformatter = VideoReformatter()
        with ExitStack() as stack:
            temporary = stack.enter_context(replacing(path))
            temporary.touch()  # FFmpeg opens it only with the first frame
            name = str(temporary.absolute())
            self._container = stack.enter_context(av.open(name, "w", format="webm"))
            self._stream = self._container.add_stream(_ENCODER, rate=rate, options=_OPTIONS)
            context = self._stream.codec_context
            context.width, context.height = self._size
            context.pix_fmt = "yuva420p"
            context.time_base = _TIME_BASE
            context.color_range = ColorRange.MPEG
            context.colorspace = Colorspace.ITU709
            context.thread_count = 0
            self._stack = stack.pop_all()

    def write(self, image: NDArray[np.uint8], labels: LabelMap, time_seconds: float) -> None:
        """Append a frame.

        Args:
            image: uint8 H x W x 3, RGB.
            labels: uint8 H x W, object ids.
            time_seconds: later than that of the frame before it.
        """
        frame = self._reformatter.reformat(
            VideoFrame.from_ndarray(cut_out(image, labels), "rgba"),
            *self._size,
            format="yuva420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = self._clock.tick(time_seconds), _TIME_BASE
        with writing(self._path):
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file and give it its name."""
        with self._stack:
            if not self._clock.has_started:
                raise ValueError("expected at least one frame before close")
            self._container.mux(self._stream.encode(None))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            with suppress(InputError):  # the caller's own error is the one to be seen
                self._stack.__exit__(kind, error, traceback)


def square_size(width: int, height: int, sample_aspect_ratio: Fraction) -> tuple[int, int]:
    """Width and height of frames stretched, not shrunk, to square pixels; as they are where that
    would be too large."""
    wide = max(Fraction(1), sample_aspect_ratio)
    high = max(Fraction(1), 1 / sample_aspect_ratio)
    size = round(width * wide), round(height * high)
    return size if size[0] * size[1] <= MAX_PIXELS else (width, height)


def cut_out(image: NDArray[np.uint8], labels: LabelMap) -> NDArray[np.uint8]:
    """uint8 H x W x 4, RGBA: alpha 255 on objects and 0 elsewhere, black far from any object."""
    if image.shape != (*labels.shape, 3):
        raise ValueError(f"expected labels of shape {image.shape[:2]}, got {labels.shape}")
    opaque = (labels > 0).astype(np.uint8)
    reach = 2 * _COLOUR_MARGIN + 1
    near = cv2.dilate(opaque, np.ones((reach, reach), np.uint8))
    return np.dstack([image * near[..., None], 255 * opaque])
