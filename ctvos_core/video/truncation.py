"""How many bytes a container says it has, so that a file cut short is found without decoding it."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ctvos_core.errors import InputError

_EBML_HEADER = 0x1A45DFA3
_MATROSKA_SEGMENT = 0x18538067


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
    """Walk the outermost structure of an mp4/mov, matroska/webm or avi file; others say nothing.

    Raises:
        InputError: `video_truncated` for an mp4/mov file without its index, `not_a_video` if it has
            no pictures either.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if demuxer == "mov":
            return _measure_mov(file, size, path)
        if demuxer == "matroska":
            return _measure_matroska(file, size)
        if demuxer == "avi":
            return _measure_avi(file, size)
    return Extent()


def _measure_mov(file: BinaryIO, size: int, path: Path) -> Extent:
    kinds: set[bytes] = set()
    offset = missing = 0
    while offset + 8 <= size:
        file.seek(offset)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # to the end of the file
            length = size - offset
        if length < 8 or not kind.isalnum():
            break  # padding or rubbish after the last box
        offset += length
        if kind == b"moov" and offset > size:
            break
        kinds.add(kind)
        missing = max(0, offset - size)
    if b"moov" not in kinds:
        if b"mdat" in kinds or offset > size:
            raise InputError(
                "video_truncated", f"{path}: truncated: its index (moov) is not there or not whole"
            )
        raise InputError(
            "not_a_video", f"{path}: expected a video, got an mp4 file without an index"
        )
    return Extent(missing, is_fragmented=b"moof" in kinds)


def _measure_matroska(file: BinaryIO, size: int) -> Extent:
    offset = 0
    while offset < size:
        file.seek(offset)
        head = file.read(12)
        id_width = 9 - head[0].bit_length() if head else 9
        if id_width > 4 or len(head) <= id_width:
            break
        first = head[id_width]
        width = 9 - first.bit_length()
        if first == 0 or len(head) < id_width + width:
            break
        identity = int.from_bytes(head[:id_width], "big")
        mask = (1 << 7 * width) - 1
        length = int.from_bytes(head[id_width : id_width + width], "big") & mask
        end = offset + id_width + width + length
        if identity == _MATROSKA_SEGMENT:
            is_unknown = length == mask  # a live recording: it ends where it ends
            return Extent(0 if is_unknown else max(0, end - size))
        if identity != _EBML_HEADER:
            break
        offset = end
    return Extent()


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
