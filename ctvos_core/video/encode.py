"""Writing videos that browsers play."""

import os
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.video.outputs import replacing, writing

# All usual frame rates (24, 25, 30, 50, 60 and their 1000/1001) and milliseconds are whole ticks of
# this.
_TIME_BASE = Fraction(1, 720_000)
_ENCODER: Final = "libx264"


class VideoWriter:
    """Encodes frames to an H.264 mp4 (yuv420p, BT.709, index at the front) with the times they are
    given.

    Sides must be even in that format: an odd one gets its last column or row twice. The file
    appears at `close`; used as a context manager, an exception leaves nothing behind.

    Args:
        path: the mp4 to write, or to replace.
        width, height: of the frames, in pixels.
        frame_rate: average frames per second; steers the encoder, and how long the last frame is
            shown.
        quality: x264's constant rate factor, 0 (lossless) to 51.
        preset: x264's preset, speed against size.

    Raises:
        InputError: `encoder_missing` when FFmpeg was built without x264; `output_not_writable`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        width: int,
        height: int,
        *,
        frame_rate: Fraction = Fraction(25),
        quality: int = 20,
        preset: str = "superfast",
    ) -> None:
        if _ENCODER not in av.codecs_available:
            raise InputError(
                "encoder_missing", f"{path}: expected FFmpeg with {_ENCODER}, got one without it"
            )
        self._path = Path(path)
        self._size = width, height
        self._last_tick = -1
        self._last_frame_ticks = max(1, round(1 / frame_rate / _TIME_BASE))
        self._reformatter = av.video.reformatter.VideoReformatter()
        with ExitStack() as stack:
            temporary = stack.enter_context(replacing(path))
            temporary.touch()  # FFmpeg opens it only with the first frame
            name, flags = str(temporary.absolute()), {"movflags": "+faststart"}
            self._container = stack.enter_context(av.open(name, "w", format="mp4", options=flags))
            # With B frames mp4 reckons the length by decoding times, and players cut uneven ends.
            options = {"crf": str(quality), "preset": preset, "bf": "0"}
            self._stream = self._container.add_stream(_ENCODER, rate=frame_rate, options=options)
            context = self._stream.codec_context
            context.width, context.height = width + width % 2, height + height % 2
            context.pix_fmt = "yuv420p"
            context.time_base = _TIME_BASE
            context.color_range = ColorRange.MPEG
            context.colorspace = Colorspace.ITU709
            context.color_primaries = ColorPrimaries.BT709
            context.color_trc = ColorTrc.BT709
            self._stack = stack.pop_all()

    def write(self, image: NDArray[np.uint8], time_seconds: float) -> None:
        """Append a frame: uint8 H x W x 3, RGB, later than the one before it."""
        width, height = self._size
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 {height} x {width} x 3, got {image.dtype} {image.shape}"
            )
        tick = round(time_seconds / _TIME_BASE)
        if tick <= self._last_tick:
            raise ValueError(f"expected a time after the frame before, got {time_seconds} seconds")
        if width % 2 or height % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = tick, _TIME_BASE
        frame.duration = self._last_frame_ticks
        self._last_tick = tick
        with writing(self._path):
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file and give it its name."""
        with self._stack:
            if self._last_tick < 0:
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
