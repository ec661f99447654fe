"""The sound of a video, brought into an mp4 that is made from its frames."""

import io
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from ctvos_core.video.container import open_source
from ctvos_core.video.times import StreamClock, Timeline

_KEPT = {"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}
"""Codecs that mp4 holds and its players know."""
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_AAC_SAMPLES = 1024
_TRIED_PACKETS = 8
_GAP = Fraction(1, 10)
"""Seconds; sound that comes later than that after the one before it leaves a gap."""


class Sound:
    """The main sound of a video file, cut to the times of the frames; made by `Sound.open`.

    What mp4 can hold is copied as it is, the rest encoded to AAC. Where the sound is damaged it
    ends: a film is worth having without it.
    """

    def __init__(
        self, source: InputContainer, timeline: Timeline, target: OutputContainer, *, copy: bool
    ) -> None:
        self._source, self._target = source, target
        self._stream = source.streams.audio[0]
        self._clock = StreamClock(timeline)
        self._waiting: Packet | None = None
        if copy:
            self._output = target.add_stream_from_template(self._stream)
            self._packets = self._copied()
        else:
            rate = _nearest_rate(self._stream.codec_context.sample_rate)
            layout = "mono" if self._stream.codec_context.channels == 1 else "stereo"
            self._output = target.add_stream("aac", rate=rate, layout=layout)
            self._packets = self._encoded(rate, layout)

    @classmethod
    def open(cls, path: Path, timeline: Timeline, target: OutputContainer) -> Self | None:
        """The sound of a video file; None where it has none that can be read.

        Args:
            path: the video file.
            timeline: when its frames are shown.
            target: an mp4 to which nothing was written yet.
        """
        with suppress(av.FFmpegError, OSError, ValueError):
            can_copy = _mp4_holds(path)
            if can_copy is not None:
                source = open_source(path)
                try:
                    return cls(source, timeline, target, copy=can_copy)
                except BaseException:
                    source.close()
                    raise
        return None

    def write_until(self, seconds: float) -> None:
        """Write all sound that is heard before a time, counted from the first frame."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = packet
            if packet.pts is not None and packet.pts * packet.time_base > seconds:
                return
            self._waiting = None
            try:
                self._target.mux(packet)
            except (av.error.InvalidDataError, av.error.ArgumentError):
                self._packets.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._packets.close()
        self._source.close()

    def _copied(self) -> Generator[Packet, None, None]:
        last = -1
        with suppress(av.FFmpegError):
            for packet in self._source.demux(self._stream):
                if packet.pts is None or not packet.size:
                    continue
                base, length = packet.time_base, packet.duration or 0
                heard = self._clock.place(packet.pts * base, length * base)
                tick = round(heard / base)
                # A packet is whole or not there: kept is what is heard in the video for the most.
                is_heard = -length <= 2 * tick and 2 * tick + length <= 2 * self._end / base
                if is_heard and max(0, tick) > last:
                    last = packet.pts = packet.dts = max(0, tick)
                    packet.stream = self._output
                    yield packet

    def _encoded(self, rate: int, layout: str) -> Generator[Packet, None, None]:
        for place, samples in self._pieces(rate, layout):
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, place, Fraction(1, rate)
            yield from self._output.encode(frame)
        yield from self._output.encode(None)

    def _pieces(self, rate: int, layout: str) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Pieces as long as AAC has them, float32 channels x 1024, each with its place in samples;
        silence where the sound has a short gap, and no pieces where it has a long one."""
        channels = 1 if layout == "mono" else 2
        held = np.empty((channels, 0), np.float32)
        place = 0
        for start, samples in self._resampled(rate, layout):
            begin = place + held.shape[1]
            if start - begin > _GAP * rate:
                if held.shape[1]:
                    yield place, _padded(held)
                place, held = start, held[:, :0]
            held = np.concatenate([held, samples], axis=1)
            while held.shape[1] >= _AAC_SAMPLES:
                yield place, held[:, :_AAC_SAMPLES]
                place, held = place + _AAC_SAMPLES, held[:, _AAC_SAMPLES:]
        if held.shape[1]:
            yield place, _padded(held)

    def _resampled(self, rate: int, layout: str) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """What is heard in the video: place and samples, as they are decoded."""
        resampler = AudioResampler("fltp", layout, rate)
        with suppress(av.FFmpegError, ValueError):
            for frame in self._source.decode(self._stream):
                if frame.pts is None or not frame.time_base or not frame.sample_rate:
                    continue
                heard = self._clock.place(
                    frame.pts * frame.time_base, Fraction(frame.samples, frame.sample_rate)
                )
                start = round(heard * rate)
                frame.pts = None
                for piece in resampler.resample(frame):
                    samples = np.asarray(piece.to_ndarray(), np.float32)
                    first = max(0, -start)
                    last = max(first, min(samples.shape[1], round(self._end * rate) - start))
                    if last > first:
                        yield start + first, samples[:, first:last]
                    start += samples.shape[1]

    @property
    def _end(self) -> Fraction:
        return self._clock.end


def _mp4_holds(path: Path) -> bool | None:
    """Whether the sound of a file can be copied into an mp4, tried out; None if it has none."""
    with open_source(path) as source:
        if not source.streams.audio:
            return None
        stream: AudioStream = source.streams.audio[0]
        if stream.codec_context is None or not stream.codec_context.sample_rate:
            return None
        if stream.codec_context.codec.canonical_name not in _KEPT:
            return False
        packets = (p for p in source.demux(stream) if p.size and p.pts is not None)
        tried = list(islice(packets, _TRIED_PACKETS))
        if not tried:
            return None
        try:
            with av.open(io.BytesIO(), "w", format="mp4") as trial:
                output = trial.add_stream_from_template(stream)
                for packet in tried:
                    packet.dts, packet.stream = packet.pts, output
                    trial.mux(packet)
        except (av.FFmpegError, ValueError):
            return False
        return True


def _nearest_rate(rate: int) -> int:
    return min(_AAC_RATES, key=lambda known: abs(known - rate))


def _padded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(samples, ((0, 0), (0, _AAC_SAMPLES - samples.shape[1])))
