"""Frames as displayed: order, orientation, colours, seeking, going backwards."""

import itertools

import numpy as np
import pytest

from ctvos_core.video import decode, open_frames

KINDS = {
    "h264": {"name": "a.mp4"},
    "open groups": {"name": "a.mp4", "options": {"x264-params": "open-gop=1:b-adapt=0"}},
    "edit list": {"name": "a.mp4", "ticks": range(-7, 18)},
    "rolling refresh": {"name": "a.mp4", "options": {"x264-params": "intra-refresh=1:bframes=0"}},
    "rolling refresh, mkv": {"name": "a.mkv", "options": {"x264-params": "intra-refresh=1"}},
    "hevc, open groups": {
        "name": "a.mp4",
        "codec": "libx265",
        "options": {"x265-params": "log-level=none:open-gop=1:keyint=8"},
    },
    "av1": {
        "name": "a.mkv",
        "codec": "libsvtav1",
        "options": {"preset": "12"},
    },
    "short groups": {"name": "a.mp4", "key_every": 2},
    "one group": {"name": "a.mkv", "key_every": 100},
    "vp9": {"name": "a.webm", "codec": "libvpx-vp9", "options": {"cpu-used": "8"}},
    "avi without times": {"name": "a.avi"},
    "mpeg4 avi": {"name": "a.avi", "codec": "mpeg4", "options": {"bf": "2"}},
    "transport stream": {"name": "a.ts"},
}


def same(left, right):
    return (
        left.index == right.index
        and left.time_seconds == right.time_seconds
        and np.array_equal(left.image, right.image)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", [4, 1000])
def test_backwards_is_forwards_reversed(make_video, monkeypatch, kind, piece):
    monkeypatch.setattr(decode, "REVERSE_BUFFER_BYTES", piece * 96 * 64 * 3)
    with open_frames(make_video(**{"count": 25, **KINDS[kind]})) as reader:
        forwards = list(reader.frames())
        backwards = list(reader.frames_reversed())
        assert len(forwards) == len(backwards) == len(reader)
        assert all(map(same, forwards[::-1], backwards))
        part = list(reader.frames_reversed(3, 11))
        assert all(map(same, forwards[3:11][::-1], part))
        assert [frame.index for frame in part] == list(range(10, 2, -1))


@pytest.mark.parametrize("kind", KINDS)
def test_any_frame_can_be_the_first(make_video, kind):
    with open_frames(make_video(**KINDS[kind])) as reader:
        forwards = list(reader.frames())
        assert all(same(forwards[i], reader.frame(i)) for i in range(len(reader)))
        assert all(map(same, forwards[5:9], reader.frames(5, 9)))


def test_iterators_do_not_disturb_each_other(make_video):
    with open_frames(make_video()) as reader:
        pairs = zip(reader.frames(), reader.frames(10), strict=False)
        assert [(a.index, b.index) for a, b in pairs] == [(i, i + 10) for i in range(10)]


def test_bounds(make_video):
    with open_frames(make_video(count=5)) as reader:
        assert list(reader.frames(5)) == []
        assert list(reader.frames_reversed(2, 2)) == []
        for start, stop in ((0, 6), (-1, 3), (4, 3)):
            with pytest.raises(IndexError):
                reader.frames(start, stop)


def test_frames_are_contiguous_rgb(make_video):
    with open_frames(make_video(size=(101, 67), pix_fmt="yuv444p")) as reader:
        frame = reader.frame(3)
    assert frame.image.shape == (67, 101, 3)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous


@pytest.mark.parametrize(
    ("rotate", "mirror"), list(itertools.product([0, 90, 180, 270], [False, True]))
)
def test_orientation_is_applied(make_video, picture, rotate, mirror):
    """The encoder was told: turn counterclockwise, then mirror left to right."""
    path = make_video(rotate=rotate, mirror=mirror, options={"crf": "5"})
    shown = np.rot90(picture(2, 96, 64), rotate // 90)
    shown = shown[:, ::-1] if mirror else shown
    with open_frames(path) as reader:
        image = reader.frame(2).image
        assert reader.info.size == (image.shape[1], image.shape[0])
    assert image.shape == shown.shape
    assert np.abs(image.astype(int) - shown).mean() < 4


@pytest.mark.parametrize("value_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 5, 9], ids=["bt709", "bt601", "bt2020"])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_colours_by_tag(make_video, picture, matrix, value_range, pix_fmt):
    path = make_video(
        count=2, matrix=matrix, value_range=value_range, pix_fmt=pix_fmt, options={"crf": "1"}
    )
    with open_frames(path) as reader:
        image = reader.frame(0).image
    source = picture(0, 96, 64)
    for y, x in ((6, 6), (6, 88), (58, 6), (32, 48)):
        np.testing.assert_allclose(image[y, x].astype(int), source[y, x], atol=6)


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((640, 360), 5)])
def test_colours_without_a_tag_go_by_size(make_video, picture, size, matrix):
    """BT.709 for high definition, BT.601 below: encode so, tag nothing."""
    path = make_video(count=1, size=size, matrix=matrix, options={"crf": "1"})
    untagged = make_video("untagged.mp4", count=1, size=size, options={"crf": "1"})
    with open_frames(path) as tagged:
        right = tagged.frame(0).image.astype(int)
    np.testing.assert_allclose(right[10, 10], picture(0, *size)[10, 10], atol=6)
    with open_frames(untagged) as reader:
        found = reader.frame(0).image[10, 10].astype(int)
    # The untagged file was made with BT.601 numbers, which high definition reads as BT.709.
    is_as_made = np.abs(found - picture(0, *size)[10, 10]).max() <= 6
    assert is_as_made == (matrix == 5)


def test_grayscale(make_video):
    with open_frames(make_video(pix_fmt="gray", value_range=2, options={"crf": "1"})) as reader:
        for index in (0, 10, 19):
            pixel = reader.frame(index).image[32, 48].astype(int)
            np.testing.assert_allclose(pixel, 40 + 6 * index, atol=4)


@pytest.mark.parametrize("start", [0, 25])
def test_a_change_of_size_midway_is_scaled_to_the_first(make_video, tmp_path, start):
    parts = [make_video("1.ts", size=(96, 64)), make_video("2.ts", size=(192, 128))]
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    with open_frames(both) as reader:
        assert (len(reader), reader.info.size) == (40, (96, 64))
        for frame in reader.frames(start):
            assert frame.image.shape == (64, 96, 3)
            gray = 40 + 6 * (frame.index % 20)
            np.testing.assert_allclose(frame.image[32, 48].astype(int), gray, atol=6)
