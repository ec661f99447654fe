"""Masks are the result; what is made of them succeeds or fails by itself."""

import json

import numpy as np
import pytest

from ctvos_core.errors import InputError
from ctvos_core.results.extra_files import require_possible
from ctvos_core.results.extras import ExtraFailure, write_extras
from ctvos_core.video import open_frames

ALL = frozenset({"overlay", "coco", "alpha"})


@pytest.fixture
def frames(make_frames):
    return open_frames(make_frames(["0.png", "1.png", "2.png"]))


def labels_of(index):
    labels = np.zeros((64, 96), np.uint8)
    labels[10:30, 10 + index : 40] = 1
    return labels


def make(frames, folder, mask=labels_of, scores=lambda index: {1: 0.5}):
    folder.mkdir()
    return write_extras(ALL, folder, frames, mask, scores, {1: "dog"})


def test_every_extra_is_made(frames, tmp_path):
    assert make(frames, tmp_path / "out") == {"overlay": None, "coco": None, "alpha": None}
    content = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert content["categories"] == [{"id": 1, "name": "dog"}]
    assert len(open_frames(tmp_path / "out" / "overlay.mp4")) == 3


def test_one_that_fails_leaves_no_file_and_the_others_alone(frames, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "overlay.mp4").mkdir()  # its file cannot take this name
    outcome = write_extras(ALL, out, frames, labels_of, lambda index: {}, {})
    assert (outcome["coco"], outcome["alpha"]) == (None, None)
    assert outcome["overlay"].code == "output_not_writable"
    assert sorted(path.name for path in out.iterdir()) == ["alpha.webm", "coco.json", "overlay.mp4"]


def test_an_exception_of_our_own_is_a_failure_of_its_extra(frames, tmp_path):
    def scores(index):
        if index == 1:
            raise ZeroDivisionError("a mistake\nof ours")
        return {}

    outcome = make(frames, tmp_path / "out", scores=scores)
    assert outcome["coco"] == ExtraFailure("output_failed", "ZeroDivisionError: a mistake of ours")
    assert (outcome["overlay"], outcome["alpha"]) == (None, None)
    assert not (tmp_path / "out" / "coco.json").exists()
    assert not list((tmp_path / "out").glob(".*"))


def test_frames_that_can_no_longer_be_read_fail_every_extra(frames, tmp_path):
    frames.info.frame_files[2].write_bytes(b"gone")
    outcome = make(frames, tmp_path / "out")
    assert {failure.code for failure in outcome.values()} == {"video_corrupt"}
    assert list((tmp_path / "out").iterdir()) == []


def test_what_ends_the_work_from_outside_goes_through(frames, tmp_path):
    def mask(index):
        if index == 1:
            raise InterruptedError("cancelled")
        return labels_of(index)

    with pytest.raises(InterruptedError, match="cancelled"):
        make(frames, tmp_path / "out", mask=mask)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_codec_cannot_hold_is_refused_before_any_work():
    require_possible({"coco", "alpha"}, (16400, 10))
    require_possible({"masks", "overlay"}, (16384, 2))
    with pytest.raises(InputError, match=r"at most 16384 pixels a side.*16400x10") as caught:
        require_possible(ALL, (16400, 10))
    assert caught.value.code == "output_impossible"
