"""Which frames a video file holds and when each is shown, found before any work begins.

For mp4/mov and matroska/webm with the usual codecs the packets say it all, and nothing but one
frame is decoded. For the rest the packets cannot be trusted (no presentation times in AVI,
broadcasts that start in the middle of a group, hidden frames, fields with a packet each), so the
file is decoded once, and its frames are those that the decoder gives.
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
from ctvos_core.video.h264 import may_have_fields
from ctvos_core.video.info import MAX_PIXELS, VideoInfo
from ctvos_core.video.pixels import Orientation, displayed_aspect, orientation_of
from ctvos_core.video.times import Timeline
from ctvos_core.video.truncation import explain_unreadable, measure_extent

_ONE_PACKET_ONE_FRAME = {"h264", "hevc", "vp9", "av1", "mjpeg", "prores", "dnxhd", "ffv1", "png"}


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """How to find the frames of a video file.

    Attributes:
        demuxer: FFmpeg's name, to open the file with.
        pts: int64 [T], each frame's presentation time stamp, strictly increasing; empty where the
            file has no usable ones and frames can only be counted.
        is_decoded: whether the frames were counted by decoding them: then those that the decoder
            gives are the video, also where it calls one damaged.
        keys: (pts, time stamp to seek to) of frames at which decoding can start, ascending.
        orientation: from stored to displayed frames.
    """

    demuxer: str
    pts: NDArray[np.int64]
    is_decoded: bool
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
    try:
        demuxer = sniff_demuxer(path)
        with open_container(path, demuxer) as (container, stream):
            packets = _read_packets(container, stream)
            declared_rate = stream.average_rate or stream.guessed_rate
            time_base = stream.time_base or Fraction(1, 1000)
            codec = stream.codec_context.codec.canonical_name
            aspect = stream.sample_aspect_ratio
            is_in_fields = codec == "h264" and may_have_fields(stream.codec_context.extradata)
            _require_whole(path, demuxer, container, stream, packets)
    except InputError as error:
        if error.code in ("not_a_video", "video_has_no_video_stream"):
            explain_unreadable(path)
        raise
    stamps: list[int | None] | None = None
    if not is_in_fields:
        stamps = _trusted_stamps(demuxer, codec, packets)
    first, decoded = _decode(path, demuxer, count_all=stamps is None)
    pts = _usable_pts(decoded if stamps is None else stamps)
    if stamps is None:
        # AVI has the order in which frames are stored for times; shown are they in another.
        stamps = _sorted(decoded) if demuxer == "avi" else decoded
    timeline = Timeline.of_stamps(stamps, time_base, declared_rate)
    frame_count = len(timeline.ticks)
    orientation = orientation_of(first)
    sides = (first.height, first.width) if orientation.transpose else (first.width, first.height)
    info = VideoInfo(
        path=path,
        width=sides[0],
        height=sides[1],
        frame_count=frame_count,
        timeline=timeline,
        rotation=orientation.rotation,
        codec=codec,
        pixel_format=first.format.name,
        stems=tuple(f"{index:05d}" for index in range(frame_count)),
        sample_aspect_ratio=displayed_aspect(aspect, orientation),
    )
    return info, FrameIndex(demuxer, pts, bool(decoded), _keys(demuxer, packets), orientation)


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
    container: InputContainer,
    stream: VideoStream,
    packets: list[_PacketFacts],
) -> None:
    """Refuse a file that is surely cut short; streams may be cut anywhere."""
    readable = sum(packet.is_whole for packet in packets)
    extent = measure_extent(path, demuxer)
    declared = stream.frames
    if demuxer == "mov":
        indexed = sum(entry.size > 0 for entry in stream.index_entries)
        declared = max(declared, indexed)
        is_cut = readable < indexed or (extent.is_fragmented and extent.missing_bytes > 0)
    elif demuxer == "matroska":
        is_cut = readable < len(packets) or extent.missing_bytes > 0
    elif demuxer == "avi":
        is_cut = readable < len(packets) or (
            extent.missing_bytes > 0 and (not declared or readable < declared)
        )
    else:
        is_cut = False
    if is_cut:
        if declared > readable:
            what = f"its header declares {declared} frames, only {readable} can be read"
        elif container.duration:
            seconds = container.duration / av.time_base
            what = f"its header declares {seconds:.2f} seconds, only {readable} frames can be read"
        else:
            what = f"{extent.missing_bytes} bytes are missing, only {readable} frames can be read"
        raise InputError("video_truncated", f"{path}: truncated: {what}")
    if not packets:
        explain_unreadable(path)
        raise InputError("video_has_no_frames", f"{path}: expected at least one frame, got none")


def _trusted_stamps(
    demuxer: str, codec: str, packets: list[_PacketFacts]
) -> list[int | None] | None:
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
    return [*sorted(shown)]


def _sorted(stamps: list[int | None]) -> list[int | None]:
    known = iter(sorted(stamp for stamp in stamps if stamp is not None))
    return [None if stamp is None else next(known) for stamp in stamps]


def _usable_pts(stamps: list[int | None]) -> NDArray[np.int64]:
    known = np.array([stamp for stamp in stamps if stamp is not None], dtype=np.int64)
    is_usable = len(known) == len(stamps) and bool((known[1:] > known[:-1]).all())
    return known if is_usable else np.empty(0, dtype=np.int64)


def _keys(demuxer: str, packets: list[_PacketFacts]) -> list[tuple[int, int]]:
    keys = []
    for packet in packets:
        if packet.is_key and packet.pts is not None:
            # Matroska's own index is in presentation time, the others' in decoding time.
            dts = None if demuxer == "matroska" else packet.dts
            keys.append((packet.pts, packet.pts if dts is None else dts))
    return sorted(keys)


def _decode(path: Path, demuxer: str, *, count_all: bool) -> tuple[VideoFrame, list[int | None]]:
    """The first frame, and with `count_all` every frame's time stamp."""
    first: VideoFrame | None = None
    stamps: list[int | None] = []
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
            stamps.append(frame.pts)
    if first is None:
        raise InputError("video_corrupt", f"{path}: frame 0 cannot be decoded: its data is damaged")
    return first, stamps
