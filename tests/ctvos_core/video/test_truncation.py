"""Files cut short are refused before work begins, in every container that says how long it is."""

import av
import pytest

from ctvos_core.errors import InputError
from ctvos_core.video import open_frames, probe

VP9 = {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}


def refusal(path):
    with pytest.raises(InputError) as caught:
        probe(path)
    assert path.name in str(caught.value)
    return caught.value


def cut(path, keep):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_mp4_with_its_index_at_the_end(make_video, keep):
    error = refusal(cut(make_video(), keep))
    assert error.code == "video_truncated"
    assert "truncated: its index (moov) is not there or not whole" in str(error)


def test_mp4_with_its_index_in_front_says_how_many_frames_are_left(make_video):
    path = make_video(container_options={"movflags": "+faststart"}, count=30)
    error = refusal(cut(path, 0.8))
    assert error.code == "video_truncated"
    assert "truncated: its header declares 30 frames, only " in str(error)
    left = int(str(error).split("only ")[1].split()[0])
    assert 0 < left < 30


def test_last_frame_cut_by_one_byte(make_video):
    path = make_video(container_options={"movflags": "+faststart"}, count=10)
    path.write_bytes(path.read_bytes()[:-1])
    error = refusal(path)
    assert error.code == "video_truncated"
    assert "declares 10 frames, only 9 can be read" in str(error)


@pytest.mark.parametrize("keep", [0.5, 0.9])
@pytest.mark.parametrize(
    "kind",
    [
        {"name": "a.mkv"},
        {"name": "a.webm", **VP9},
        {"name": "a.avi"},
        {"name": "a.avi", "codec": "mjpeg", "pix_fmt": "yuvj420p"},
        {"name": "a.mp4", "container_options": FRAGMENTS},
    ],
    ids=["mkv", "webm", "avi", "avi-mjpeg", "fragmented-mp4"],
)
def test_cut_anywhere(make_video, kind, keep):
    error = refusal(cut(make_video(**kind, count=24), keep))
    assert error.code == "video_truncated"
    assert "truncated: " in str(error)
    assert "can be read" in str(error)


def test_avi_without_its_index_has_all_its_frames(make_video):
    path = make_video("a.avi", count=24)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"idx1") + 20])
    with open_frames(path) as reader:
        assert [frame.index for frame in reader.frames()] == list(range(24))


def test_matroska_cut_within_its_cues_has_all_its_frames(make_video):
    path = make_video("a.mkv", count=24)
    data = path.read_bytes()
    cues = data.rindex(b"\x1c\x53\xbb\x6b")
    path.write_bytes(data[: cues + 12])
    with open_frames(path) as reader:
        assert [frame.index for frame in reader.frames()] == list(range(24))
    path.write_bytes(data[:cues])  # there might have been more frames
    assert refusal(path).code == "video_truncated"


@pytest.mark.parametrize("kind", [b"GPS ", b"_htc", b"\xa9xyz", b"a.b-"])
def test_boxes_of_vendors_are_no_matter(make_video, kind):
    path = make_video()
    data = path.read_bytes()
    place = data.rindex(b"moov") - 4
    box = (32).to_bytes(4, "big") + kind + bytes(24)
    path.write_bytes(data[:place] + box + data[place:])
    with open_frames(path) as reader:
        assert sum(1 for _ in reader.frames()) == 20


@pytest.mark.parametrize(("first", "last"), [(100, 0), (188 * 7 + 50, 1), (188 * 3, 97)])
def test_a_broadcast_may_be_cut_anywhere(make_video, first, last):
    path = make_video("a.ts", size=(320, 240), count=30, options={"crf": "1"})
    data = path.read_bytes()
    path.write_bytes(data[first : len(data) - last])
    with av.open(str(path)) as container:
        count = sum(1 for _ in container.decode(video=0))
    with open_frames(path) as reader:
        assert len(reader) == count > 0
        assert [frame.index for frame in reader.frames()] == list(range(count))


def test_an_unfinished_trailing_box_that_holds_no_frame_is_no_matter(make_video):
    path = make_video(container_options={"movflags": "+faststart"})
    with path.open("ab") as file:
        file.write(b"\x00\x00\x10\x00free" + bytes(10))
    assert probe(path).frame_count == 20


def test_a_live_recording_of_unknown_length_is_taken(make_video):
    path = make_video("live.webm", **VP9, container_options={"live": "1"})
    assert probe(path).frame_count == 20


def damage(path, packet_number):
    """Overwrite most of one packet's bytes; return which frame it holds."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size]
        ordered = sorted(packet.pts for packet in packets)
        packet = packets[packet_number]
        frame, start, end = ordered.index(packet.pts), packet.pos + 5, packet.pos + packet.size
    data = bytearray(path.read_bytes())
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    return frame


@pytest.mark.parametrize("packet_number", [4, 8, 13])
def test_a_damaged_frame_is_named_when_it_is_reached(make_video, packet_number):
    path = make_video()
    frame = damage(path, packet_number)
    with open_frames(path) as reader:
        seen = []
        with pytest.raises(InputError, match=r"clip.mp4: frame \d+ cannot be decoded") as caught:
            seen.extend(each.index for each in reader.frames())  # keeps what came before the error
    assert caught.value.code == "video_corrupt"
    named = int(str(caught.value).split("frame ")[1].split()[0])
    assert seen == list(range(named))
    assert frame - 3 <= named <= frame  # B frames shown before it may hang on it


def test_a_file_whose_first_frame_is_damaged(make_video):
    path = make_video(count=1)
    damage(path, 0)
    assert refusal(path).code == "video_corrupt"
