"""Opening a video file so that it can only ever be read as the container its first bytes say it is.

FFmpeg otherwise guesses, and some formats it knows (playlists, concat lists, session descriptions)
name other files and hosts, which it would then open.
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

_MOV_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}
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
_EXPECTED = "expected a video (mp4, mov, webm, mkv, avi, ...)"


def sniff_demuxer(path: Path) -> str:
    """FFmpeg's name of the demuxer for a file, from its first bytes alone; the file's name is
    ignored.

    Raises:
        InputError: `file_not_found`; `external_reference` for a file that names other files or
            hosts; `not_a_video` for everything else unknown.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file_not_found", f"{path}: cannot be opened: {reason}") from error
    demuxer = _demuxer_of(head)
    if demuxer is not None:
        return demuxer
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_REFERENCES) or (text.startswith(b"<?xml") and b"<MPD" in head):
        raise InputError(
            "external_reference",
            f"{path}: {_EXPECTED}, got a list that points to other files or addresses",
        )
    came = "an empty file" if not head else "bytes of no known container"
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            came = kind
    raise InputError("not_a_video", f"{path}: {_EXPECTED}, got {came}")


def _demuxer_of(head: bytes) -> str | None:
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    for magic, demuxer in (
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"FLV\x01", "flv"),
        (b"OggS", "ogg"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"\x00\x00\x01\xba", "mpeg"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    ):
        if head.startswith(magic):
            return demuxer
    # Transport stream packets start with 0x47 every 188 bytes (192 where a time code goes before).
    for first, step in ((0, 188), (4, 192)):
        if len(head) > first + 4 * step and all(head[first + i * step] == 0x47 for i in range(5)):
            return "mpegts"
    return None


@contextmanager
def open_container(path: Path, demuxer: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its main video stream, with the demuxer forced and no other protocol than
    file.

    Raises:
        InputError: `not_a_video`, `video_has_no_video_stream`, `video_codec_unsupported`,
            `video_too_large`.
    """
    try:
        container = av.open(
            str(path.absolute()),
            format=demuxer,
            options={"protocol_whitelist": "file", "format_whitelist": demuxer},
        )
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            "not_a_video", f"{path}: {_EXPECTED}, got damaged {demuxer}: {reason}"
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
