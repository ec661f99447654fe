"""`ctvos evaluate` on tiny datasets."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctvos_core.results import read_mask, write_mask
from ctvos_core.video import open_frames

FRAMES = 4


@pytest.fixture
def davis_root(clip: Path, mask: Path, tmp_path: Path) -> Path:
    """Two sequences of four frames; the object stands still in the annotations."""
    root = tmp_path / "tiny"
    for name in ("left", "right"):
        frames, annotations = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name
        frames.mkdir(parents=True)
        annotations.mkdir(parents=True)
        for frame in open_frames(clip).frames(0, FRAMES):
            Image.fromarray(frame.image).save(frames / f"{frame.index:05d}.jpg")
            write_mask(annotations / f"{frame.index:05d}.png", read_mask(mask))
    (root / "ImageSets").mkdir()
    (root / "ImageSets/val.txt").write_text("right\n")
    return root


@pytest.fixture
def youtube_vos_root(clip: Path, tmp_path: Path) -> Path:
    """One video of four frames with an object that appears at the third and one at the second."""
    root = tmp_path / "tube"
    frames, annotations = root / "JPEGImages/v", root / "Annotations/v"
    frames.mkdir(parents=True)
    annotations.mkdir(parents=True)
    for frame in open_frames(clip).frames(0, FRAMES):
        Image.fromarray(frame.image).save(frames / f"{frame.index:05d}.jpg")
        labels = np.zeros((96, 128), np.uint8)
        if frame.index >= 1:
            labels[8:24, 8:40] = 2
        if frame.index >= 2:
            labels[40:72, 60:100] = 1
        write_mask(annotations / f"{frame.index:05d}.png", labels)
    listed = {
        "1": {"category": "cat", "frames": ["00002", "00003"]},
        "2": {"category": "dog", "frames": ["00001", "00002", "00003"]},
    }
    (root / "meta.json").write_text(json.dumps({"videos": {"v": {"objects": listed}}}))
    return root


def test_davis_scores_are_printed_and_written(ctvos, davis_root, model, tmp_path):
    out = tmp_path / "scores"
    result = ctvos("evaluate", "davis", davis_root, "--out", out, "--model", model)
    assert result.exit_code == 0, result.stderr
    for word in ("left", "right", "Global", "J&F"):
        assert word in result.stdout
    with (out / "results.csv").open() as file:
        assert [row[0] for row in csv.reader(file)] == ["sequence", "left", "right", "Global"]
    assert len(list((out / "masks").glob("*/*.png"))) == 2 * FRAMES
    content = json.loads((out / "results.json").read_text())
    assert 0 <= content["global"]["J&F"] <= 1


def test_settings_say_where_a_score_came_from(ctvos, davis_root, model, tmp_path):
    out = tmp_path / "scores"
    ctvos("evaluate", "davis", davis_root, "--out", out, "--model", model, "--device", "cpu")
    settings = json.loads((out / "results.json").read_text())["settings"]
    card = json.loads((model / "card.json").read_text())
    assert settings["model"] == "untrained"
    assert settings["digest"] == card["digest"]
    assert settings["device"] == "cpu"
    assert settings["propagation"]["readout"] == "copy"
    assert settings["torch"]


@pytest.mark.parametrize("choice", [("--sequences", "right"), ("--split", "val")])
def test_davis_sequences_can_be_chosen(ctvos, davis_root, model, tmp_path, choice):
    out = tmp_path / "scores"
    result = ctvos("evaluate", "davis", davis_root, "--out", out, "--model", model, *choice)
    assert result.exit_code == 0, result.stderr
    assert [path.name for path in (out / "masks").iterdir()] == ["right"]


def test_youtube_vos_objects_start_at_their_first_mask(ctvos, youtube_vos_root, model, tmp_path):
    out = tmp_path / "scores"
    result = ctvos("evaluate", "youtube-vos", youtube_vos_root, "--out", out, "--model", model)
    assert result.exit_code == 0, result.stderr
    with zipfile.ZipFile(out / "submission.zip") as archive:
        assert archive.namelist() == [f"Annotations/v/{i:05d}.png" for i in (1, 2, 3)]
    ids = [
        set(np.unique(read_mask(out / f"Annotations/v/{i:05d}.png", allow_empty=True)))
        for i in (1, 2)
    ]
    assert ids[0] == {0, 2}
    assert 1 in ids[1]
    content = json.loads((out / "results.json").read_text())
    assert 0 <= content["global"]["G"] <= 1
