"""Overlays: right colours in the right places, at the right times, in a file that browsers play."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ctvos_core.errors import InputError
from ctvos_core.results import davis_palette, draw_overlay
from ctvos_core.video import VideoWriter, open_frames, probe


def squares(height=64, width=96):
    labels = np.zeros((height, width), np.uint8)
    labels[8:40, 8:40] = 1
    labels[8:40, 40:72] = 2
    return labels


def test_inside_is_blended_and_outside_left_alone():
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    before, labels = image.copy(), squares()
    drawn = draw_overlay(image, labels, opacity=0.25)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(drawn[labels == 0], image[labels == 0])
    for object_id, columns in ((1, slice(12, 36)), (2, slice(44, 68))):
        blend = 0.75 * image[12:36, columns] + 0.25 * davis_palette()[object_id]
        np.testing.assert_allclose(drawn[12:36, columns], blend, atol=1)


def test_the_contour_is_lighter_and_parts_touching_objects():
    drawn = draw_overlay(np.zeros((64, 96, 3), np.uint8), squares(), opacity=0.5)
    inside, edge = drawn[20, 20], drawn[20, 8]
    assert (edge.astype(int) - inside > 60).all()
    np.testing.assert_array_equal(drawn[20, 39], edge)
    assert tuple(drawn[20, 40]) != tuple(edge)


def test_no_object_is_no_change():
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    np.testing.assert_array_equal(draw_overlay(image, np.zeros((9, 7), np.uint8)), image)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="expected labels of shape"):
        draw_overlay(np.zeros((9, 7, 3), np.uint8), np.zeros((7, 9), np.uint8))


@pytest.mark.parametrize(
    "times",
    [
        [i / 25 for i in range(20)],
        [i * 1001 / 30000 for i in range(20)],
        [i * 1001 / 24000 for i in range(20)],
        [0, 0.04, 0.09, 0.29, 0.3, 1.0, 1.033, 2.5],
        [0.0],
    ],
    ids=["25", "29.97", "23.976", "variable", "single"],
)
def test_times_are_kept(tmp_path, picture, times):
    with VideoWriter(tmp_path / "o.mp4", 96, 64) as writer:
        for index, time in enumerate(times):
            writer.write(picture(index, 96, 64), time)
    with open_frames(tmp_path / "o.mp4") as reader:
        np.testing.assert_allclose(reader.info.times, times, rtol=0, atol=1e-9)
        for frame in reader.frames():
            gray = frame.image[32, 48].astype(int)
            np.testing.assert_allclose(gray, 40 + 6 * frame.index, atol=5)
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert container.duration / av.time_base == pytest.approx(times[-1] + 0.04, abs=0.002)


def test_the_timing_of_a_variable_video_survives_the_whole_way(make_video, tmp_path):
    milliseconds = [0, 33, 100, 120, 480, 500]
    source = make_video("v.mkv", ticks=milliseconds, time_base=Fraction(1, 1000))
    with open_frames(source) as reader:
        info = reader.info
        with VideoWriter(
            tmp_path / "o.mp4", info.width, info.height, timeline=info.timeline
        ) as writer:
            for frame in reader.frames():
                writer.write(frame.image, frame.time_seconds)
    np.testing.assert_allclose(probe(tmp_path / "o.mp4").times, info.times, rtol=0, atol=1e-9)


def test_what_browsers_need(tmp_path, picture):
    path = tmp_path / "o.mp4"
    with VideoWriter(path, 101, 67) as writer:
        for index in range(5):
            writer.write(picture(index, 101, 67), index / 25)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == (102, 68)
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
        assert tags == (1, 1, 1, 1)
        assert context.level <= 31


def test_colours_come_back_and_odd_sides_repeat_the_edge(tmp_path, picture):
    source = picture(5, 101, 67)
    source[:, 80:] = (250, 120, 10)
    with VideoWriter(tmp_path / "o.mp4", 101, 67, quality=1) as writer:
        writer.write(source, 0.0)
    with open_frames(tmp_path / "o.mp4") as reader:
        image = reader.frame(0).image.astype(int)
    assert image.shape == (68, 102, 3)
    for y, x in ((6, 6), (62, 6), (32, 48), (40, 95)):
        np.testing.assert_allclose(image[y, x], source[y, x], atol=6)
    np.testing.assert_allclose(image[40, 101], (250, 120, 10), atol=6)
    np.testing.assert_allclose(image[67, 95], (250, 120, 10), atol=6)


@pytest.mark.parametrize(
    ("size", "stored"),
    [((1, 1), (2, 2)), ((3, 17000), (2, 16384)), ((20000, 30), (16384, 24))],
)
def test_frames_of_any_size_become_a_film(tmp_path, size, stored):
    width, height = size
    with VideoWriter(tmp_path / "o.mp4", width, height, quality=1) as writer:
        writer.write(np.full((height, width, 3), (200, 80, 40), np.uint8), 0.0)
    with open_frames(tmp_path / "o.mp4") as reader:
        assert reader.info.size == stored
        pixel = reader.frame(0).image[stored[1] // 2, stored[0] // 2].astype(int)
    np.testing.assert_allclose(pixel, (200, 80, 40), atol=6)


def test_misuse_is_told(tmp_path):
    image = np.zeros((64, 96, 3), np.uint8)
    with VideoWriter(tmp_path / "o.mp4", 96, 64) as writer:
        writer.write(image, 0.5)
        with pytest.raises(ValueError, match="after the frame before"):
            writer.write(image, 0.5)
        with pytest.raises(ValueError, match="expected uint8 64 x 96 x 3"):
            writer.write(image[:32], 1.0)
    with pytest.raises(ValueError, match="at least one frame"):  # noqa: SIM117
        with VideoWriter(tmp_path / "none.mp4", 96, 64):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]


def test_nothing_is_left_after_an_exception(tmp_path):
    for error in (KeyError("x"), FileNotFoundError(2, "the caller's own")):
        with pytest.raises(type(error)), VideoWriter(tmp_path / "o.mp4", 96, 64) as writer:  # noqa: PT012
            writer.write(np.zeros((64, 96, 3), np.uint8), 0.0)
            raise error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError) as caught:
        VideoWriter(tmp_path / "none" / "o.mp4", 96, 64)
    assert caught.value.code == "output_not_writable"
    assert "o.mp4" in str(caught.value)
