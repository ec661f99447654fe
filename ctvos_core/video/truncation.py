"""How many bytes a container says it has, so that a file cut short is found without decoding it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ctvos_core.errors import InputError

_EBML_HEADER = 0x1A45DFA3
_MATROSKA_SEGMENT = 0x18538067
_MATROSKA_EXTRAS = {0x1C53BB6B, 0x1254C367, 0x1941A469, 0x1043A770}
"""Cues, tags, attachments, chapters."""
_MOV_STARTS = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}


@dataclass(frozen=True)
class Extent:
    """What a container's outermost structure says of the file.

    Attributes:
        missing_bytes: how far it reaches past the end of the file; 0 when all is there or it does
            not say.
        is_fragmented: the index is spread over the file, so what was cut off is in no index (mp4
            only).
    """

    missing_bytes: int = 0
    is_fragmented: bool = False


def measure_extent(path: Path, demuxer: str) -> Extent:
    """Walk the outermost structure of an mp4/mov, matroska/webm or avi file; others say nothing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if demuxer == "mov":
            boxes = list(_mov_boxes(file, size))
            missing = max(0, boxes[-1][1] - size) if boxes else 0
            return Extent(missing, any(kind == b"moof" for kind, _ in boxes))
        if demuxer == "matroska":
            return _measure_matroska(file, size)
        if demuxer == "avi":
            return _measure_avi(file, size)
    return Extent()


def explain_unreadable(path: Path) -> None:
    """Say of a file that FFmpeg cannot open what is surely wrong with it.

    Raises:
        InputError: `video_truncated` for what is left of an mp4/mov or matroska file,
            `not_a_video` for an mp4/mov file without an index and without pictures.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head.startswith(_EBML_HEADER.to_bytes(4, "big")):
            missing = _measure_matroska(file, size).missing_bytes
        elif head.startswith(b"RIFF") and head.endswith(b"AVI "):
            missing = _measure_avi(file, size).missing_bytes
        elif head[4:8] in _MOV_STARTS:
            return _explain_mov(path, list(_mov_boxes(file, size)), size)
        else:
            return None
    if missing:
        what = f"{missing} bytes are missing, no frame can be read"
        raise InputError("video_truncated", f"{path}: truncated: {what}")
    return None


def _explain_mov(path: Path, boxes: list[tuple[bytes, int]], size: int) -> None:
    missing = max((end - size for _, end in boxes), default=0)
    if any(kind == b"moov" and end <= size for kind, end in boxes):
        if missing > 0:
            what = f"{missing} bytes are missing, no frame can be read"
            raise InputError("video_truncated", f"{path}: truncated: {what}")
        return
    if any(kind == b"mdat" or end > size for kind, end in boxes):
        raise InputError(
            "video_truncated", f"{path}: truncated: its index (moov) is not there or not whole"
        )
    raise InputError("not_a_video", f"{path}: expected a video, got an mp4 file without an index")


def _mov_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Kind and end of the outermost boxes, whoever defined them."""
    offset = 0
    while offset + 8 <= size:
        file.seek(offset)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # to the end of the file
            length = size - offset
        if length < 8 or not all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind):
            return  # padding or rubbish after the last box
        offset += length
        yield kind, offset


def _measure_matroska(file: BinaryIO, size: int) -> Extent:
    for identity, begin, end in _matroska_elements(file, 0, size):
        if identity == _MATROSKA_SEGMENT:
            if end is None or end <= size:
                return Extent()
            *_, (last, _, last_end) = [(0, 0, 0), *_matroska_elements(file, begin, size)]
            # What players go without follows the last frame.
            is_cut_after_frames = last in _MATROSKA_EXTRAS and (last_end or 0) > size
            return Extent(0 if is_cut_after_frames else end - size)
        if identity != _EBML_HEADER:
            break
    return Extent()


def _matroska_elements(
    file: BinaryIO, offset: int, size: int
) -> Iterator[tuple[int, int, int | None]]:
    """What an element is, and where its content begins and ends; None: it ends where it ends."""
    while offset < size:
        file.seek(offset)
        head = file.read(12)
        id_width = 9 - head[0].bit_length() if head else 9
        if id_width > 4 or len(head) <= id_width:
            return
        first = head[id_width]
        width = 9 - first.bit_length()
        if first == 0 or len(head) < id_width + width:
            return
        identity = int.from_bytes(head[:id_width], "big")
        mask = (1 << 7 * width) - 1
        length = int.from_bytes(head[id_width : id_width + width], "big") & mask
        begin = offset + id_width + width
        if length == mask:
            yield identity, begin, None
            return
        offset = begin + length
        yield identity, begin, offset


def _measure_avi(file: BinaryIO, size: int) -> Extent:
    offset = missing = 0
    while offset + 12 <= size:  # above a gigabyte an AVI file is several RIFF chunks
        file.seek(offset)
        head = file.read(12)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or length == 0:
            break
        missing = max(0, offset + 8 + length - size)
        offset += 8 + length + length % 2
    return Extent(missing)
