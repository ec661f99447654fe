"""Writing videos that browsers play."""

import math
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
from ctvos_core.video.sound import Sound
from ctvos_core.video.times import OutputClock, Timeline

_LONGEST_SIDE = 16384  # of a frame that x264 encodes
_ENCODER: Final = "libx264"


class VideoWriter:
    """Encodes frames to an H.264 mp4 (yuv420p, BT.709, index at the front) with the times they are
    given.

    Sides must be even in that format, and of at most 16384 pixels: an odd one gets its last column
    or row twice, and frames with a longer one are scaled down. The file
    appears at `close`; used as a context manager, an exception leaves nothing behind.

    Args:
        path: the mp4 to write, or to replace.
        width, height: of the frames, in pixels.
        timeline: when the frames will be shown: sets the time base, and how long the last frame is
            shown; left out for 25 frames a second.
        sample_aspect_ratio: width of a pixel to its height when displayed.
        sound_of: a video file with the same timeline whose sound is kept; see `Sound`.
        quality: x264's constant rate factor, 0 (lossless) to 51.
        preset: x264's preset, speed against size.

    Raises:
        InputError: `encoder_missing` when FFmpeg was built without x264;
            `output_not_writable`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        width: int,
        height: int,
        *,
        timeline: Timeline | None = None,
        sample_aspect_ratio: Fraction = Fraction(1),
        sound_of: Path | None = None,
        quality: int = 20,
        preset: str = "superfast",
    ) -> None:
        if _ENCODER not in av.codecs_available:
            raise InputError(
                "encoder_missing", f"{path}: expected FFmpeg with {_ENCODER}, got one without it"
            )
        self._path = Path(path)
        self._size = width, height
        self._stored_size = _stored_size(width, height)
        timeline = timeline or Timeline.steady()
        time_base = timeline.mp4_time_base()
        self._clock = OutputClock(time_base)
        self._last_frame_ticks = max(1, round(timeline.last_interval / time_base))
        self._sound: Sound | None = None
        self._reformatter = av.video.reformatter.VideoReformatter()
        with ExitStack() as stack:
            temporary = stack.enter_context(replacing(path))
            temporary.touch()  # FFmpeg opens it only with the first frame
            name, flags = str(temporary.absolute()), {"movflags": "+faststart"}
            self._container = stack.enter_context(av.open(name, "w", format="mp4", options=flags))
            # With B frames mp4 reckons the length by decoding times, and players cut uneven ends.
            options = {"crf": str(quality), "preset": preset, "bf": "0"}
            self._stream = self._container.add_stream(_ENCODER, rate=timeline.rate, options=options)
            context = self._stream.codec_context
            context.width, context.height = self._stored_size
            context.pix_fmt = "yuv420p"
            context.time_base = time_base
            context.sample_aspect_ratio = sample_aspect_ratio
            context.color_range = ColorRange.MPEG
            context.colorspace = Colorspace.ITU709
            context.color_primaries = ColorPrimaries.BT709
            context.color_trc = ColorTrc.BT709
            if sound_of is not None:
                self._sound = Sound.open(sound_of, timeline, self._container)
                if self._sound is not None:
                    stack.enter_context(self._sound)
            self._stack = stack.pop_all()

    def write(self, image: NDArray[np.uint8], time_seconds: float) -> None:
        """Append a frame: uint8 H x W x 3, RGB, later than the one before it; the first is at 0."""
        width, height = self._size
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 {height} x {width} x 3, got {image.dtype} {image.shape}"
            )
        tick = self._clock.tick(time_seconds)
        if width % 2 or height % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24"),
            *self._stored_size,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = tick, self._clock.time_base
        frame.duration = self._last_frame_ticks
        with writing(self._path):
            if self._sound:
                self._sound.write_until(time_seconds)
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file and give it its name."""
        with self._stack:
            if not self._clock.has_started:
                raise ValueError("expected at least one frame before close")
            self._container.mux(self._stream.encode(None))
            if self._sound:
                self._sound.write_until(math.inf)

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


def _stored_size(width: int, height: int) -> tuple[int, int]:
    """Even sides, none too long, for frames of a size."""
    scale = min(1.0, _LONGEST_SIDE / max(width, height))
    if scale == 1.0:
        return width + width % 2, height + height % 2
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
