"""Which frames a video file holds and when each is shown, found before any work begins.

For mp4/mov and matroska/webm with the usual codecs the packets say it all, and nothing but one
frame is decoded. For the rest the packets cannot be trusted (no presentation times in AVI,
broadcasts that start in the middle of a group, hidden frames), so the file is decoded once.
"""

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.video.container import decode_readable, open_container, sniff_demuxer
from ctvos_core.video.info import MAX_PIXELS, VideoInfo
from ctvos_core.video.pixels import Orientation, orientation_of
from ctvos_core.video.truncation import Extent, measure_extent

_ONE_PACKET_ONE_FRAME = {"h264", "hevc", "vp9", "av1", "mjpeg", "prores", "dnxhd", "ffv1", "png"}


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """How to find the frames of a video file.

    Attributes:
        demuxer: FFmpeg's name, to open the file with.
        pts: int64 [T], each frame's presentation time stamp, strictly increasing; empty where the
            file has no usable ones and frames can only be counted.
        keys: (pts, time stamp to seek to) of frames at which decoding can start, ascending.
        orientation: from stored to displayed frames.
    """

    demuxer: str
    pts: NDArray[np.int64]
    keys: list[tuple[int, int]]
    orientation: Orientation

    def entry_points(self, start: int) -> list[int | None]:
        """Time stamps to seek to for decoding from frame `start`, best first; None: beginning."""
        if start == 0 or not len(self.pts):
            return [None]
        last = bisect_right(self.keys, self.pts[start], key=lambda key: key[0])
        seeks = [seek for _, seek in reversed(self.keys[max(0, last - 2) : last])]
        return [*seeks, None]


def index_file(path: Path) -> tuple[VideoInfo, FrameIndex]:
    """Index a video file; see `probe` for the errors."""
    demuxer = sniff_demuxer(path)
    extent = measure_extent(path, demuxer)
    try:
        with open_container(path, demuxer) as (container, stream):
            packets = _read_packets(container, stream)
            average_rate = stream.average_rate or stream.guessed_rate
            time_base = stream.time_base or Fraction(1, 1000)
            codec = stream.codec_context.codec.canonical_name
            _require_whole(path, demuxer, extent, container, stream, packets)
    except InputError as error:
        if error.code == "not_a_video" and extent.missing_bytes:
            what = f"{extent.missing_bytes} bytes are missing, no frame can be read"
            raise InputError("video_truncated", f"{path}: truncated: {what}") from error
        raise
    pts = _trusted_pts(demuxer, codec, packets)
    first, decoded_pts = _decode(path, demuxer, count_all=pts is None)
    if pts is None:
        pts = decoded_pts
    frame_count = len(pts)
    rate = _frame_rate(pts, time_base, average_rate)
    if (np.diff(pts) <= 0).any():
        pts = np.empty(0, dtype=np.int64)
        times = np.arange(frame_count) / float(rate)
    else:
        times = (pts - pts[0]) * float(time_base)
    orientation = orientation_of(first)
    sides = (first.height, first.width) if orientation.transpose else (first.width, first.height)
    info = VideoInfo(
        path=path,
        width=sides[0],
        height=sides[1],
        frame_count=frame_count,
        frame_rate=rate,
        times=times,
        duration_seconds=float(times[-1] + 1 / rate),
        rotation=orientation.rotation,
        codec=codec,
        pixel_format=first.format.name,
        stems=tuple(f"{index:05d}" for index in range(frame_count)),
    )
    return info, FrameIndex(demuxer, pts, _keys(demuxer, packets), orientation)


@dataclass(frozen=True)
class _PacketFacts:
    pts: int | None
    dts: int | None
    is_key: bool
    is_discard: bool
    is_whole: bool


def _read_packets(container: InputContainer, stream: VideoStream) -> list[_PacketFacts]:
    size = container.size
    facts: list[_PacketFacts] = []
    # After an error what could be read stands; the caller checks whether that is all of it.
    with suppress(av.FFmpegError):
        facts.extend(_facts(packet, size) for packet in container.demux(stream) if packet.size)
    return facts


def _facts(packet: Packet, file_size: int) -> _PacketFacts:
    end = (packet.pos or 0) + packet.size
    is_whole = not packet.is_corrupt and end <= file_size
    return _PacketFacts(packet.pts, packet.dts, packet.is_keyframe, packet.is_discard, is_whole)


def _require_whole(
    path: Path,
    demuxer: str,
    extent: Extent,
    container: InputContainer,
    stream: VideoStream,
    packets: list[_PacketFacts],
) -> None:
    readable = sum(packet.is_whole for packet in packets)
    if demuxer == "mov":
        is_cut = readable < len(stream.index_entries) or (
            extent.is_fragmented and extent.missing_bytes
        )
    elif demuxer in ("matroska", "avi"):
        is_cut = readable < len(packets) or extent.missing_bytes > 0
    else:  # broadcasts may well have damaged packets; those are found by decoding
        is_cut = False
    if is_cut:
        declared = max(stream.frames, len(stream.index_entries) if demuxer == "mov" else 0)
        if declared > readable:
            what = f"its header declares {declared} frames, only {readable} can be read"
        elif container.duration:
            seconds = container.duration / av.time_base
            what = f"its header declares {seconds:.2f} seconds, only {readable} frames can be read"
        else:
            what = f"{extent.missing_bytes} bytes are missing, only {readable} frames can be read"
        raise InputError("video_truncated", f"{path}: truncated: {what}")
    if not packets:
        raise InputError("video_has_no_frames", f"{path}: expected at least one frame, got none")


def _trusted_pts(demuxer: str, codec: str, packets: list[_PacketFacts]) -> NDArray[np.int64] | None:
    """Presentation times of all frames that will be shown, or None if only decoding can tell."""
    if demuxer not in ("mov", "matroska") or codec not in _ONE_PACKET_ONE_FRAME:
        return None
    shown = [packet.pts for packet in packets if not packet.is_discard and packet.pts is not None]
    if len(shown) < sum(not packet.is_discard for packet in packets) or not shown:
        return None
    first = packets[0]
    is_clean_start = (
        first.is_key and first.pts is not None and (first.is_discard or first.pts <= min(shown))
    )
    if not is_clean_start or len(set(shown)) < len(shown):
        return None
    return np.array(sorted(shown), dtype=np.int64)


def _keys(demuxer: str, packets: list[_PacketFacts]) -> list[tuple[int, int]]:
    keys = []
    for packet in packets:
        if packet.is_key and packet.pts is not None:
            # Matroska's own index is in presentation time, the others' in decoding time.
            dts = None if demuxer == "matroska" else packet.dts
            keys.append((packet.pts, packet.pts if dts is None else dts))
    return sorted(keys)


def _decode(path: Path, demuxer: str, *, count_all: bool) -> tuple[VideoFrame, NDArray[np.int64]]:
    """The first frame, and with `count_all` every frame's time stamp (0 where it has none)."""
    first: VideoFrame | None = None
    stamps: list[int] = []
    with open_container(path, demuxer) as (container, stream):
        if not count_all:
            stream.thread_type = "SLICE"  # frame threads would read many packets ahead
        for frame in decode_readable(container, stream):
            if first is None:
                first = frame
                if frame.width * frame.height > MAX_PIXELS:
                    raise InputError(
                        "video_too_large",
                        f"{path}: expected frames of at most {MAX_PIXELS} pixels, "
                        f"got {frame.width}x{frame.height}",
                    )
            if not count_all:
                break
            if frame.is_corrupt:
                raise InputError(
                    "video_corrupt",
                    f"{path}: frame {len(stamps)} cannot be decoded: "
                    "its data is damaged or cut short",
                )
            if (frame.width, frame.height) != (first.width, first.height):
                raise InputError(
                    "frame_sizes_differ",
                    f"{path}: expected all frames of {first.width}x{first.height} like the first, "
                    f"got frame {len(stamps)} of {frame.width}x{frame.height}",
                )
            stamps.append(frame.pts or 0)
    if first is None:
        raise InputError("video_corrupt", f"{path}: frame 0 cannot be decoded: its data is damaged")
    return first, np.array(stamps, dtype=np.int64)


def _frame_rate(
    pts: NDArray[np.int64], time_base: Fraction, average_rate: Fraction | None
) -> Fraction:
    """The header's average rate where it fits the time stamps, else the one they give."""
    span = (int(pts[-1]) - int(pts[0])) * time_base
    measured = (len(pts) - 1) / span if span > 0 else None
    if measured is None:
        return average_rate or Fraction(25)
    if average_rate and abs(average_rate / measured - 1) < Fraction(1, 50):
        return average_rate
    return measured.limit_denominator(1001)
