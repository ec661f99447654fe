import numpy as np
import pytest
from made_squares import iou, moving_square
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.propagation import segment_video
from ctvos_core.propagation.bidirectional import propagation_steps
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


def test_given_masks_come_back_exactly_holes_and_specks_included(model, write_clip):
    frames, labels = moving_square(T=7)
    pierced = labels[2].copy()
    ys, xs = np.nonzero(pierced == 1)
    pierced[ys.min() + 6 : ys.min() + 8, xs.min() + 6 : xs.min() + 8] = 0
    pierced[0, 0] = 1
    found = segment(model, write_clip(frames), {0: labels[0], 2: pierced, 6: labels[6]})
    assert np.array_equal(found[2].labels, pierced)


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


@pytest.fixture
def taken_over():
    """A square that leaves to the right while another like it waits on the left; its masks."""
    frames, labels = moving_square(T=12, step=12)
    for t, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        if t >= 6:
            frame[16:48, 8:32] = (215, 50, 40)
            label[:] = 0
    return frames, labels


def test_an_object_said_to_be_absent_ends_there(model, write_clip, taken_over):
    frames, labels = taken_over
    reader, nothing = write_clip(frames), np.zeros_like(labels[0])
    without = segment(model, reader, {0: labels[0]})
    assert (without[9].labels == 1).sum() > 300  # the other one is taken for it

    found = segment(model, reader, {0: labels[0], 6: nothing}, objects={6: [1]})

    assert not found[6].labels.any()
    assert found[6].confidence == {1: 1.0}
    for t in range(7, 12):
        assert (found[t].labels == 1).sum() < 0.25 * (without[t].labels == 1).sum()
    for t in range(1, 6):
        assert iou(found[t].labels == 1, labels[t] == 1) > 0.5


def test_an_object_is_there_again_where_a_later_mask_shows_it(model, write_clip, taken_over):
    frames, labels = taken_over
    nothing, again = np.zeros_like(labels[0]), np.zeros_like(labels[0])
    again[16:48, 8:32] = 1
    masks = {0: labels[0], 4: nothing, 9: again}
    found = segment(model, write_clip(frames), masks, objects={4: [1]})
    assert not found[4].labels.any()
    assert iou(found[1].labels == 1, labels[1] == 1) > 0.5
    for t in (8, 9, 11):
        assert iou(found[t].labels == 1, again == 1) > 0.5


def test_absence_is_said_of_one_object_and_leaves_the_others(model, write_clip):
    frames, labels = moving_square(T=6)
    both = np.where(np.roll(labels[0], 48, 1) > 0, 2, labels[0]).astype(np.uint8)
    masks = {0: both, 3: np.zeros_like(both)}
    found = segment(model, write_clip(frames), masks, objects={3: [2]})
    assert not (found[3].labels == 2).any()
    assert iou(found[3].labels == 1, labels[3] == 1) > 0.5


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
