"""Whether H.264 may have a packet for each field of a frame, from its sequence parameters."""

_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_SEQUENCE_PARAMETERS = 7


def may_have_fields(extradata: bytes | None) -> bool:
    """False where each packet is surely a whole frame.

    Args:
        extradata: the stream's parameter sets, as mp4 and matroska have them (avcC) or with start
            codes.
    """
    sets = _parameter_sets(extradata or b"")
    try:
        return not sets or not all(_has_only_frames(data) for data in sets)
    except IndexError:  # cut short
        return True


def _parameter_sets(extradata: bytes) -> list[bytes]:
    """The sequence parameter sets, each without the byte that says what it is."""
    if extradata[:1] == b"\1":
        sets, at = [], 6
        for _ in range(extradata[5] & 31 if len(extradata) > 5 else 0):
            length = int.from_bytes(extradata[at : at + 2], "big")
            sets.append(extradata[at + 2 : at + 2 + length])
            at += 2 + length
    else:
        sets = extradata.split(b"\0\0\1")[1:]
    return [unit[1:] for unit in sets if unit and unit[0] & 31 == _SEQUENCE_PARAMETERS]


def _has_only_frames(data: bytes) -> bool:
    bits = _Bits(data.replace(b"\0\0\3", b"\0\0"))
    profile = bits.fixed(8)
    bits.fixed(16)
    bits.number()
    if profile in _HIGH_PROFILES:
        chroma = bits.number()
        if chroma == 3:
            bits.fixed(1)
        bits.number()
        bits.number()
        bits.fixed(1)
        if bits.fixed(1):
            for place in range(12 if chroma == 3 else 8):
                if bits.fixed(1):
                    _skip_scaling_list(bits, 16 if place < 6 else 64)
    bits.number()
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.fixed(1)
        bits.number()
        bits.number()
        for _ in range(min(bits.number(), 255)):
            bits.number()
    bits.number()
    bits.fixed(1)
    bits.number()
    bits.number()
    return bits.fixed(1) == 1  # frame_mbs_only_flag


def _skip_scaling_list(bits: "_Bits", size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.number()
            change = (code + 1) // 2 if code % 2 else -(code // 2)
            following = (last + change) % 256
        last = following or last


class _Bits:
    """Reads what H.264's headers are made of; IndexError past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def fixed(self, width: int) -> int:
        value = 0
        for _ in range(width):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def number(self) -> int:
        """An Exp-Golomb code."""
        zeros = 0
        while not self.fixed(1):
            zeros += 1
        return (1 << zeros) - 1 + self.fixed(zeros)
