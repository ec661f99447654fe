"""Frames whose masks are known stay, and only the rest is looked at."""

import numpy as np
import pytest
from made_squares import iou, moving_square

from ctvos_core.errors import InputError
from ctvos_core.propagation.stretches import plan
from ctvos_core.propagation.to_folder import segment_to_folder
from ctvos_core.results import write_mask
from ctvos_core.results.folder import ResultFolder
from ctvos_core.results.inputs import SegmentationInputs
from ctvos_core.video.range import ChosenFrames

T = 12


@pytest.fixture
def video(write_clip):
    frames, labels = moving_square(T=T, height=64, width=96, step=4)
    return write_clip(frames), labels


def given(frames, masks):
    objects = dict.fromkeys(masks, (1,))
    return SegmentationInputs(frames, masks, objects)


def test_chosen_frames_are_a_video_of_their_own(video):
    frames, _ = video
    indices = [0, 3, 4, 5, 9]
    chosen = ChosenFrames(frames, indices)
    assert len(chosen) == 5
    there = list(chosen.frames(1, 5))
    assert [frame.index for frame in there] == [1, 2, 3, 4]
    for frame in there:
        np.testing.assert_array_equal(frame.image, frames.frame(indices[frame.index]).image)
        assert frame.time_seconds == frames.info.times[indices[frame.index]]
    back = list(chosen.frames_reversed(1, 5))
    assert [frame.index for frame in back] == [4, 3, 2, 1]
    for frame, same in zip(reversed(back), there, strict=True):
        np.testing.assert_array_equal(frame.image, same.image)


def test_a_stretch_has_its_neighbours_and_every_given_frame(video):
    frames, labels = video
    masks = {0: labels[0], 5: labels[5], 11: labels[11]}
    kept = dict.fromkeys((0, 1, 2, 3, 8, 9, 10, 11))
    (stretch,) = plan(given(frames, masks), kept, lambda index: labels[index])
    assert stretch.wanted == range(4, 8)
    assert list(stretch.indices) == [0, 3, 4, 5, 6, 7, 8, 11]
    assert sorted(stretch.masks) == [0, 1, 3, 6, 7]


def test_what_a_mask_says_is_absent_stays_said(video):
    frames, labels = video
    empty = np.zeros_like(labels[0])
    inputs = SegmentationInputs(frames, {0: labels[0], 5: empty}, {0: (1,), 5: (1, 2)})
    kept = dict.fromkeys(range(6))
    seen = {**dict(enumerate(labels)), 5: np.where(labels[5] == 1, 3, 0).astype(np.uint8)}
    (stretch,) = plan(inputs, kept, lambda index: seen[index])
    assert list(stretch.indices) == [0, *range(5, T)]
    assert stretch.objects == {0: (1,), 1: (1, 2, 3)}


def test_an_end_does_not_speak_for_what_the_mask_beside_it_shows(video):
    frames, labels = video
    kept = dict.fromkeys(range(4))
    (stretch,) = plan(
        given(frames, {0: labels[0], 4: labels[4]}), kept, lambda index: labels[index]
    )
    assert list(stretch.indices) == [0, *range(4, T)]
    with_another = np.where(np.roll(labels[3], 48, 1) > 0, 2, labels[3]).astype(np.uint8)
    seen = {**dict(enumerate(labels)), 3: with_another}
    (stretch,) = plan(given(frames, {0: labels[0], 4: labels[4]}), kept, lambda index: seen[index])
    assert list(stretch.indices) == [0, 3, *range(4, T)]
    assert set(np.unique(stretch.masks[1])) == {0, 2}
    assert stretch.objects[1] == (2,)


def test_with_nothing_kept_the_video_is_read_as_it_is(video):
    frames, labels = video
    (stretch,) = plan(given(frames, {2: labels[2]}), {}, lambda index: labels[index])
    assert stretch.frames is frames
    assert (stretch.indices, stretch.wanted) == (range(T), range(T))


def test_a_stretch_that_nothing_speaks_for_is_refused(video):
    frames, labels = video
    kept = dict.fromkeys(range(6))
    with pytest.raises(InputError, match="frames 6 to 11: expected a mask"):
        plan(given(frames, {}), kept, lambda index: np.zeros_like(labels[0]))


def test_kept_masks_are_untouched_and_the_rest_follows_the_new_mask(model, video, tmp_path):
    frames, labels = video
    folder = ResultFolder(tmp_path / "out", frames.info)
    kept = {index: {1: 0.5, 2: 1.0} for index in (*range(4), *range(9, T))}
    for index in kept:
        write_mask(folder.mask_path(index), labels[index])
    before = {index: folder.mask_path(index).stat().st_mtime_ns for index in kept}
    inputs = given(frames, {0: labels[0], 6: labels[6]})
    told = []
    run = segment_to_folder(
        model,
        inputs,
        folder,
        device="cpu",
        kept=kept,
        extras=["alpha"],
        progress=lambda *step: told.append(step),
    )
    assert (run.frames, run.ids) == (5, (1, 2))
    assert {index: folder.mask_path(index).stat().st_mtime_ns for index in kept} == before
    for index in range(4, 9):
        assert iou(folder.read_mask(index) == 1, labels[index] == 1) > 0.5
    np.testing.assert_array_equal(folder.read_mask(6), labels[6])
    np.testing.assert_allclose(run.confidence[0], [0.5, 1.0])
    # Frames 0, 3 to 9, both ways, of the twelve; then all of them for the cut-out.
    assert told[15] == ("segmenting", 16, 16)
    assert told[-1] == ("drawing", T, T)
    assert folder.alpha_path.exists()
