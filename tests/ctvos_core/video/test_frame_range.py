"""Frames from a start to an end in steps: read, named and timed as in the source."""

from fractions import Fraction

import numpy as np
import pytest

from ctvos_core.errors import InputError
from ctvos_core.video import open_frames
from ctvos_core.video.range import FrameRange, chosen_frames


@pytest.mark.parametrize(
    ("start", "end", "step"), [(0, None, 1), (3, 17, 1), (4, 19, 5), (2, 3, 9)]
)
def test_frames_are_those_of_the_source(make_video, start, end, step):
    whole = open_frames(make_video())
    indices = FrameRange(start, end, step).indices(len(whole))
    assert list(indices) == list(range(20))[start:end:step]
    view = chosen_frames(whole, indices)
    assert view.info.stems == tuple(f"{index:05d}" for index in indices)
    assert [view.info.source_index(i) for i in range(len(view))] == list(indices)
    forward = list(view.frames())
    assert [frame.index for frame in forward] == list(range(len(indices)))
    for frame, index in zip(forward, indices, strict=True):
        np.testing.assert_array_equal(frame.image, whole.frame(index).image)
        assert frame.time_seconds == whole.info.times[index]
    backward = list(view.frames_reversed())
    assert [frame.index for frame in backward] == list(range(len(indices)))[::-1]
    for frame, other in zip(backward, forward[::-1], strict=True):
        np.testing.assert_array_equal(frame.image, other.image)
    if len(indices) > 1:
        assert view.info.frame_rate == whole.info.frame_rate / step
        length = len(indices) * step / whole.info.frame_rate
        assert view.info.duration_seconds == pytest.approx(float(length), abs=1e-6)


def test_a_file_is_opened_once_for_frames_close_to_one_another(make_video, monkeypatch):
    whole = open_frames(make_video())
    asked = []
    read = whole.frames
    monkeypatch.setattr(whole, "frames", lambda *bounds: asked.append(bounds) or read(*bounds))
    assert len(list(chosen_frames(whole, range(2, 20, 4)).frames())) == 5
    assert asked == [(2, 19)]


def test_of_a_folder_only_the_wanted_images_are_read(make_frames):
    folder = make_frames([f"shot{index}.png" for index in range(6)])
    whole = open_frames(folder)
    for index in (0, 2, 4):  # damaged, and not asked for
        (folder / f"shot{index}.png").write_bytes(b"")
    view = chosen_frames(whole, FrameRange(1, 6, 2).indices(6))
    assert view.info.stems == ("shot1", "shot3", "shot5")
    assert [frame.image[32, 48, 0] for frame in view.frames()] == [46, 58, 70]
    assert view.info.frame_rate == Fraction(25, 2)


@pytest.mark.parametrize(("start", "end", "step"), [(-1, 5, 1), (5, 5, 1), (0, 21, 1), (0, 5, 0)])
def test_ranges_that_no_video_has_are_refused(start, end, step):
    with pytest.raises(InputError, match=r"expected 0 <= start < end <= 20") as caught:
        FrameRange(start, end, step).indices(20)
    assert caught.value.code == "frame_range_invalid"
