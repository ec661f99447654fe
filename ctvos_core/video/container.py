"""Opening a video file so that it can only ever be read as one of the containers that are accepted.

FFmpeg knows formats (playlists, concat lists, session descriptions) that name other files and
hosts, which it would then open; those are shut out before they are read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ctvos_core.errors import InputError
from ctvos_core.video.info import MAX_PIXELS

CONTAINERS = {
    "mov": ".mp4",
    "matroska": ".mkv",
    "avi": ".avi",
    "mpegts": ".ts",
    "mpeg": ".mpg",
    "flv": ".flv",
    "live_flv": ".flv",
    "asf": ".wmv",
    "ogg": ".ogv",
    "gif": ".gif",
    "apng": ".apng",
    "yuv4mpegpipe": ".y4m",
    "ivf": ".ivf",
    "mxf": ".mxf",
    "dv": ".dv",
    "h264": ".h264",
    "hevc": ".h265",
    "mpegvideo": ".m2v",
    "m4v": ".m4v",
}
"""Every container that is accepted, by FFmpeg's name of its demuxer, with the suffix of its files.
They are known by their bytes, whatever a file is called."""

VIDEO_SUFFIXES = {
    *CONTAINERS.values(),
    *(".mov", ".m4v", ".3gp", ".webm", ".m2ts", ".mts", ".mpeg", ".vob", ".asf", ".ogg"),
}
"""What files of these containers are called, for those who look through folders of anything."""

_REFERENCES = (
    b"#EXTM3U",
    b"ffconcat",
    b"v=0",
    b"<MPD",
    b"[playlist]",
    b"[Reference]",
    b"<ASX",
    b"file ",
)
_OTHER_KINDS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"PK\x03\x04": "a zip archive",
    b"RIFF": "a RIFF file that is not AVI",
}
_EXPECTED = "expected a video (mp4, mov, webm, mkv, avi, ts, flv, wmv, ...)"
_WHITELIST = ",".join(CONTAINERS)


def sniff_demuxer(path: Path) -> str:
    """The container of a file, one of `CONTAINERS`, as FFmpeg knows it by its bytes.

    Raises:
        InputError: `file_not_found`; `external_reference` for a file that names other files or
            hosts; `not_a_video` for everything else that is not accepted.
    """
    head = _head(path)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_REFERENCES) or (text.startswith(b"<?xml") and b"<MPD" in head):
        raise InputError(
            "external_reference",
            f"{path}: {_EXPECTED}, got a list that points to other files or addresses",
        )
    try:
        with _open(path, None) as container:
            names = container.format.name.split(",")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError("not_a_video", f"{path}: {_EXPECTED}, got {_came(head, error)}") from error
    return next(name for name in CONTAINERS if name in names)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file_not_found", f"{path}: cannot be opened: {reason}") from error


def _came(head: bytes, error: Exception) -> str:
    if not head:
        return "an empty file"
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            return kind
    return f"bytes of no known container, or damaged ones: {_reason(error)}"


def _open(path: Path, demuxer: str | None) -> InputContainer:
    options = {"protocol_whitelist": "file", "format_whitelist": demuxer or _WHITELIST}
    return av.open(str(path.absolute()), format=demuxer, options=options)


def open_source(path: Path) -> InputContainer:
    """Open a file that is known to be a video for whatever else is in it.

    Raises:
        av.FFmpegError, OSError, ValueError: it cannot be read.
    """
    return _open(path, None)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


@contextmanager
def open_container(path: Path, demuxer: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its main video stream, with the demuxer forced and no other protocol than
    file.

    Raises:
        InputError: `not_a_video`, `video_has_no_video_stream`, `video_codec_unsupported`,
            `video_too_large`.
    """
    try:
        container = _open(path, demuxer)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            "not_a_video", f"{path}: {_EXPECTED}, got damaged {demuxer}: {_reason(error)}"
        ) from error
    with container:
        yield container, _main_video_stream(container, path)


def _main_video_stream(container: InputContainer, path: Path) -> VideoStream:
    covers = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    streams = [s for s in container.streams.video if not s.disposition & covers]
    if not streams:
        kinds = sorted({s.type for s in container.streams})
        came = ", ".join("cover art" if kind == "video" else kind for kind in kinds) or "nothing"
        raise InputError(
            "video_has_no_video_stream", f"{path}: expected moving pictures, got only {came}"
        )
    best = container.streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in streams else streams[0]
    context = stream.codec_context
    if context is None:
        raise InputError("video_codec_unsupported", f"{path}: no decoder for its video stream")
    if context.width * context.height > MAX_PIXELS:
        raise InputError(
            "video_too_large",
            f"{path}: expected frames of at most {MAX_PIXELS} pixels, "
            f"got {context.width}x{context.height}",
        )
    context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    return stream


def decode_readable(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Every frame that can be decoded, in display order, from where the container stands.

    What cannot be decoded is left out: the caller, who knows which frames there must be, sees the
        gap.

    Raises:
        MemoryError: there is not enough to decode; nothing is wrong with the video.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            packet = None  # unreadable from here on: hand out what the decoder still holds
        try:
            yield from stream.decode(packet)
        except MemoryError:
            raise
        except av.FFmpegError:
            pass
        if packet is None:
            return
