import json
from dataclasses import asdict

import pytest

from ctvos_core.errors import InputError
from ctvos_core.training.config import PRESETS
from ctvos_core.training.settings import configure


def test_settings_are_read_by_name_and_type():
    config = configure(
        [
            "steps=7",
            "learning_rate=1e-3",
            "pairs.scale=0.4,0.8",
            "compile=true",
            "network.key_channels=none",
            "network.deep_stride=8",
            "network.attention.temperature=0.1",
            "objective.cutout=circle",
        ]
    )
    assert config.steps == 7
    assert config.learning_rate == 1e-3
    assert config.pairs.scale == (0.4, 0.8)
    assert config.compile is True
    assert config.network.key_channels is None
    assert config.network.attention.temperature == 0.1
    assert config.objective.cutout == "circle"
    assert configure() == PRESETS["default"]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_chosen_by_name_and_survive_a_file(name, tmp_path):
    assert configure([f"preset={name}"]) == PRESETS[name]
    (tmp_path / "config.json").write_text(json.dumps(asdict(PRESETS[name])))
    assert configure((), tmp_path / "config.json") == PRESETS[name]


def test_settings_change_what_a_file_says_which_changes_a_preset(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"preset": "paper", "steps": 9, "clips": {"view": 64}}))
    config = configure(["steps=3"], file)
    assert (config.steps, config.clips.view, config.pairs.batch) == (3, 64, 0)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stepz=1", "stepz=1: expected key=value with one of steps"),
        ("steps", "expected key=value"),
        ("pairs=1", "expected key=value"),
        ("pairs.viev=1", "pairs.viev=1: expected key=value with one of pairs.batch"),
        ("steps.x=1", "expected key=value"),
        ("steps=many", "steps: expected a whole number, got 'many'"),
        ("compile=perhaps", "compile: expected true or false"),
        ("pairs.scale=1", "pairs.scale: expected float, float"),
        ("objective.cutout=star", "objective.cutout: expected none, square"),
        ("objective.cutout_size=0.2,0.6", "expected at most 0.5 of the image"),
        ("clips.zoom_frames=8", "clips.zoom_frames: expected 0 to 3, got 8"),
        ("pairs.view=100", "pairs.view: expected a multiple of 16, got 100"),
        ("pairs.batch=0 clips.batch=0", "pairs.batch, clips.batch: expected one above 0"),
        ("preset=best", "preset: expected one of default, paper, got best"),
    ],
)
def test_bad_settings_are_named(setting, message):
    with pytest.raises(InputError, match=message):
        configure(setting.split())


def test_bad_files_are_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[]")
    for name in ("a.json", "b.json", "missing.json"):
        with pytest.raises(InputError, match=f"{name}: expected"):
            configure((), tmp_path / name)
