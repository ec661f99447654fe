"""`ctvos train` and `ctvos ablate` on tiny footage."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctvos_core.results import read_mask, write_mask
from ctvos_core.video import VideoWriter, open_frames

PAIRS = (
    "steps=1",
    "clips.batch=0",
    "pairs.batch=2",
    "pairs.view=32",
    "pairs.points=8",
    "network.key_channels=8",
)
CLIPS = ("steps=1", "clips.batch=2", "clips.view=32", "clips.past=1", "clips.zoom_frames=1")


def given(settings):
    return [part for setting in settings for part in ("--set", setting)]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A panning video and something else."""
    folder = tmp_path_factory.mktemp("videos")
    noise = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    wide = np.asarray(Image.fromarray(noise).resize((160, 64), Image.Resampling.BICUBIC))
    with VideoWriter(folder / "pan.mp4", 80, 64, quality=4) as writer:
        for t in range(12):
            writer.write(np.ascontiguousarray(wide[:, 3 * t : 3 * t + 80]), t / 6)
    (folder / "sound.mp3").write_bytes(b"ID3")
    return folder


@pytest.fixture
def davis_root(clip: Path, mask: Path, tmp_path: Path) -> Path:
    frames, annotations = (
        tmp_path / "tiny" / kind / "480p/one" for kind in ("JPEGImages", "Annotations")
    )
    frames.mkdir(parents=True)
    annotations.mkdir(parents=True)
    for frame in open_frames(clip).frames(0, 3):
        Image.fromarray(frame.image).save(frames / f"{frame.index:05d}.jpg")
        write_mask(annotations / f"{frame.index:05d}.png", read_mask(mask))
    return tmp_path / "tiny"


def test_a_run_is_trained_and_resumed_with_its_settings(ctvos, videos, tmp_path):
    out = tmp_path / "run"
    result = ctvos("train", "--videos", videos, "--out", out, *given(PAIRS), "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "sound.mp3: neither a video nor a photo" in result.output
    assert "million parameters" in result.output
    again = ("train", "--videos", videos, "--out", out, "--resume", "--set", "steps=2")
    assert ctvos(*again, "--device", "cpu").exit_code == 0
    card = json.loads((out / "model/card.json").read_text())
    assert card["training"]["steps"] == 2
    assert card["network"]["key_channels"] == 8


def test_a_dry_run_trains_nothing(ctvos, videos, tmp_path):
    arguments = ("--videos", videos, "--out", tmp_path / "run", *given(PAIRS), "--dry-run")
    result = ctvos("train", *arguments, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "hours: " in result.output
    assert "peak_memory_gib: " in result.output
    assert not (tmp_path / "run/checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected videos or photos, found none usable"),
        (("--set", "stepz=1"), "stepz=1: expected key=value"),
        (("--preset", "best"), "expected one of default, paper, got best"),
        (("--resume",), "checkpoint.pt: expected a checkpoint, found none"),
    ],
)
def test_what_cannot_be_used_is_one_line(ctvos, tmp_path, arguments, message):
    (tmp_path / "in").mkdir()
    result = ctvos("train", "--videos", tmp_path / "in", "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_ablations_end_with_a_table(ctvos, videos, davis_root, tmp_path):
    arguments = ("--videos", videos, "--eval", davis_root, "--out", tmp_path / "out")
    options = ("--tables", "6", "--short-side", "64", "--device", "cpu")
    result = ctvos("ablate", *arguments, *options, *given(CLIPS))
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out/ablations.md").read_text()
    assert "## Table 6: Cross-entropy against tagging" in text
    assert "1 sequences of tiny at 64 pixels" in text
    assert (tmp_path / "out/runs/6-0/decoder/masks/one/00001.png").exists()
