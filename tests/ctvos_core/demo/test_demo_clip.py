"""The demo clip: the same every time, smooth, and with masks that are exact."""

from itertools import pairwise

import numpy as np
import pytest

from ctvos_core.demo.clip import FRAME_COUNT, HEIGHT, WIDTH, DemoFrame, demo_clip
from ctvos_core.demo.files import score_demo, write_demo
from ctvos_core.results import read_mask, write_mask
from ctvos_core.video import open_frames


@pytest.fixture(scope="module")
def clip() -> list[DemoFrame]:
    return list(demo_clip())


def areas(clip: list[DemoFrame]) -> list[int]:
    return [int(np.count_nonzero(frame.labels)) for frame in clip]


def test_it_is_the_same_every_time(clip):
    for frame, again in zip(clip, demo_clip(2), strict=False):
        assert (frame.image == again.image).all()
        assert (frame.labels == again.labels).all()


def test_frames_and_label_maps_fit_together(clip):
    assert len(clip) == FRAME_COUNT
    for image, labels in clip:
        assert (image.shape, image.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
        assert (labels.shape, labels.dtype) == ((HEIGHT, WIDTH), np.uint8)
        assert set(np.unique(labels)) == {0, 1}


def test_the_target_grows_and_is_hidden_in_part_for_a_while(clip):
    visible = areas(clip)
    assert visible[-1] > 1.5 * visible[0]
    assert min(visible[25:35]) < 0.9 * visible[20]
    assert min(visible) > 5000


def test_the_target_moves_smoothly_and_stays_in_the_picture(clip):
    centres = [np.argwhere(frame.labels).mean(0) for frame in clip]
    steps = [np.linalg.norm(b - a) for a, b in pairwise(centres)]
    assert np.mean(steps) > 2
    assert max(steps) < 20
    for frame in clip:
        assert not frame.labels[[0, -1]].any()
        assert not frame.labels[:, [0, -1]].any()


def test_the_mask_ends_where_the_target_does(clip):
    """Gold and white skin is brighter than the floor, on either side of the mask's edge."""
    image, labels = clip[10]
    brightness = image.max(-1).astype(float)
    assert np.median(brightness[labels == 1]) > 150
    rows, columns = np.nonzero(labels)
    box = np.zeros_like(labels)
    box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = 1
    assert np.median(brightness[(box == 1) & (labels == 0)]) < 110


def test_as_files_it_scores_its_own_truth_with_100_percent(tmp_path):
    files = write_demo(tmp_path, frame_count=4)
    assert len(open_frames(files.video)) == 4
    assert (read_mask(files.mask) == read_mask(files.truth / "00000.png")).all()
    assert score_demo(files, files.truth, frame_count=4).j_and_f == 1
    for index in (1, 2):
        write_mask(tmp_path / f"{index:05d}.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    assert score_demo(files, tmp_path, frame_count=4).j_and_f == 0
