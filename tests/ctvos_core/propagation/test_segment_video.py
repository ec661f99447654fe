import numpy as np
import pytest
from made_squares import iou, moving_square
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.propagation import segment_video
from ctvos_core.propagation.segment import propagation_steps
from ctvos_core.video import open_frames


def segment(model, reader, masks, **options):
    return dict(segment_video(model, reader, masks, device="cpu", **options))


def test_one_mask_in_the_middle_reaches_both_ends(model, write_clip):
    frames, labels = moving_square(T=9)
    found = segment(model, write_clip(frames), {4: labels[4]})
    assert sorted(found) == list(range(9))
    assert np.array_equal(found[4].labels, labels[4])
    assert iou(found[0].labels == 1, labels[0] == 1) > 0.6
    assert iou(found[8].labels == 1, labels[8] == 1) > 0.6


def test_backward_is_forward_on_the_reversed_clip(model, write_clip, tmp_path):
    frames, labels = moving_square(T=6)
    behind = segment(model, write_clip(frames, "a.mp4"), {5: labels[5]})
    (tmp_path / "reversed").mkdir()
    for t, frame in enumerate(write_clip(frames, "b.mp4").frames_reversed()):
        Image.fromarray(frame.image).save(tmp_path / "reversed" / f"{t:05d}.png")
    ahead = segment(model, open_frames(tmp_path / "reversed"), {0: labels[5]})
    for t in range(6):
        assert np.array_equal(behind[t].labels, ahead[5 - t].labels)


def test_masks_at_both_ends_are_met_and_blended_between(model, write_clip):
    frames, labels = moving_square(T=7)
    reader = write_clip(frames)
    half = labels[6].copy()
    half[32:] = 0
    one = segment(model, reader, {0: labels[0]})
    both = segment(model, reader, {0: labels[0], 6: half})
    assert np.array_equal(both[0].labels, labels[0])
    assert np.array_equal(both[6].labels, half)
    lower_half = [int((both[t].labels[32:] == 1).sum()) for t in range(7)]
    assert lower_half[1] > 0.8 * (one[1].labels[32:] == 1).sum()
    assert lower_half[5] < 0.5 * (one[5].labels[32:] == 1).sum()


def test_an_object_marked_late_is_carried_back_too(model, write_clip):
    frames, labels = moving_square(T=6)
    late = np.zeros_like(labels[0])
    late[0:12, 72:92] = 5
    reader = write_clip(frames)
    both = segment(model, reader, {0: labels[0], 3: late})
    assert (both[1].labels == 5).any()
    assert (both[0].labels == 1).any()
    only_forward = segment(model, reader, {0: labels[0], 3: late}, backward=False)
    assert not (only_forward[2].labels == 5).any()
    assert (only_forward[3].labels == 5).any()


def test_steps_count_both_directions():
    mask = np.ones((2, 2), np.uint8)
    assert propagation_steps({0: mask}, 10) == 10
    assert propagation_steps({4: mask}, 10) == 5 + 6
    assert propagation_steps({2: mask, 6: mask}, 10) == 7 + 8


def test_bad_masks_are_named(model, write_clip):
    frames, labels = moving_square(T=3)
    reader = write_clip(frames)
    with pytest.raises(InputError, match="at least one, got none"):
        segment(model, reader, {})
    with pytest.raises(InputError, match=r"frame 3: expected 0 to 2, the video has 3 frames"):
        segment(model, reader, {3: labels[0]})
    with pytest.raises(InputError, match="mask of frame 1"):
        segment(model, reader, {0: labels[0], 1: np.zeros_like(labels[0])})
