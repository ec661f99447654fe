"""H.264 whose frames are two pictures of one field each, as cameras and broadcasts have them."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvos_core.video import open_frames
from ctvos_core.video.h264 import may_have_fields

WIDTH, HEIGHT, COUNT = 64, 64, 8


class Bits:
    """Writes the elements of H.264's headers."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, width: int, value: int) -> None:
        self.bits += [value >> (width - 1 - place) & 1 for place in range(width)]

    def ue(self, *values: int) -> None:
        for value in values:
            width = (value + 1).bit_length()
            self.u(2 * width - 1, value + 1)

    def samples(self, block: np.ndarray) -> None:
        self.bits += [0] * (-len(self.bits) % 8)
        self.bits += np.unpackbits(block.ravel()).tolist()

    def unit(self, kind: int) -> bytes:
        """The network abstraction layer unit, with its start code."""
        bits = [*self.bits, 1]
        bits += [0] * (-len(bits) % 8)
        escaped, zeros = bytearray(), 0
        for byte in np.packbits(bits).tolist():
            if zeros >= 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\0\0\0\1" + bytes([0x60 | kind]) + bytes(escaped)


def parameter_sets() -> bytes:
    sequence = Bits()
    for value in (77, 0, 30):  # main profile
        sequence.u(8, value)
    sequence.ue(0, 0, 0, 4, 1)  # 8 bits of picture order, one reference
    sequence.u(1, 0)
    sequence.ue(WIDTH // 16 - 1, HEIGHT // 32 - 1)
    for flag in (0, 0, 1, 0, 0):  # not only frames; no macroblock-adaptive ones; no cropping
        sequence.u(1, flag)
    picture = Bits()
    picture.ue(0, 0)
    picture.u(2, 0)
    picture.ue(0, 0, 0)
    picture.u(3, 0)
    picture.ue(0, 0, 0)
    picture.u(3, 0)
    return sequence.unit(7) + picture.unit(8)


def field(gray: int, is_second: bool) -> bytes:
    """A field of one gray, its samples stored plainly."""
    slice_ = Bits()
    slice_.ue(0, 7, 0)
    slice_.u(4, 0)
    slice_.u(2, 2 | is_second)
    if not is_second:
        slice_.ue(0)
    slice_.u(8, int(is_second))
    slice_.u(1 if is_second else 2, 0)
    slice_.ue(0)
    macroblock = np.array([gray] * 256 + [128] * 128, np.uint8)
    for _ in range(WIDTH // 16 * HEIGHT // 32):
        slice_.ue(25)
        slice_.samples(macroblock)
    return slice_.unit(1 if is_second else 5)


@pytest.fixture(params=["mkv", "mp4", "ts", "h264"])
def field_coded(request, tmp_path):
    raw = tmp_path / "fields.h264"
    pictures = []
    for index in range(COUNT):
        gray = 60 + 20 * index
        pictures += [parameter_sets() + field(gray, False), field(gray, True)]
    raw.write_bytes(b"".join(pictures))
    if request.param == "h264":
        return raw
    path = tmp_path / f"fields.{request.param}"
    with av.open(str(raw)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for index, data in enumerate(pictures):
            packet = av.Packet(data)
            packet.time_base, packet.stream = Fraction(1, 50), stream
            packet.pts, packet.dts, packet.duration = index, index, 1
            packet.is_keyframe = index % 2 == 0
            target.mux(packet)
    return path


def test_frames_are_those_the_decoder_gives(field_coded):
    with av.open(str(field_coded)) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) >= COUNT
    with open_frames(field_coded) as reader:
        frames = list(reader.frames())
        assert [frame.index for frame in frames] == list(range(len(reader))) == list(range(COUNT))
        if field_coded.suffix != ".h264":
            np.testing.assert_allclose(reader.info.times, np.arange(COUNT) / 25, atol=1e-3)
        late = reader.frame(5)
    shown = [int(frame.image[32, 32, 1]) for frame in frames]
    assert (np.diff(shown) > 10).all()
    np.testing.assert_array_equal(late.image, frames[5].image)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_only_streams_of_whole_frames_are_known_by_their_packets(
    make_video, name, is_interlaced, pix_fmt
):
    flags = {"x264-params": "interlaced=1:cqm=jvt" if is_interlaced else "cqm=jvt"}
    path = make_video(name, count=2, pix_fmt=pix_fmt, options=flags)
    with av.open(str(path)) as container:
        extradata = container.streams.video[0].codec_context.extradata
    assert may_have_fields(extradata) == is_interlaced


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda data: b"\0\0\1\x67" + data))
def test_rubbish_is_no_error(data):
    assert may_have_fields(data) in (True, False)
    assert may_have_fields(None)
