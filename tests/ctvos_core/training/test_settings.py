import json
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from ctvos_core.errors import InputError
from ctvos_core.training.config import PRESETS
from ctvos_core.training.settings import configure
from ctvos_core.weights import read_card


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
        ("steps=2.7", "steps: expected a whole number, got 2.7"),
        ("steps=0", "steps: expected at least 1, got 0"),
        ("seed=-1", "seed: expected at least 0, got -1"),
        ("seed=99999999999", "seed: expected less than 4.29497e.09, got 99999999999"),
        ("learning_rate=nan", "learning_rate: expected a number, got 'nan'"),
        ("learning_rate=1e999", "learning_rate: expected a finite number, got inf"),
        ("learning_rate=-1e-3", "learning_rate: expected at least 0, got -0.001"),
        ("weight_decay=-1", "weight_decay: expected at least 0, got -1"),
        ("pairs.temperature=0", "pairs.temperature: expected more than 0, got 0"),
        ("clips.photo_share=1.5", "clips.photo_share: expected at most 1, got 1.5"),
        ("network.stride=7", "network.stride: expected 4, 8 or 16, got '7'"),
        ("network.backbone=vgg", "network.backbone: expected resnet18 or resnet50, got 'vgg'"),
        ("network.deep_stride=32", "network.deep_stride: expected 8, or 16 with key_channels"),
        ("network.attention.temperature=-1", "network.attention.temperature: expected more than 0"),
        ("source_weights=park", "source_weights: expected name:factor .*, got 'park'"),
        ("source_weights=park:-1", "source_weights: expected name:factor .*, got 'park:-1'"),
        ("source_weights=park:nan", "source_weights: expected name:factor .*, got 'park:nan'"),
        ("pairs.scale=1", "pairs.scale: expected two numbers"),
        ("pairs.scale=0.5,0.6,0.7", "pairs.scale: expected two numbers"),
        ("pairs.scale=0.6,0.5", "pairs.scale: expected the smaller number first"),
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"steps": 2.7}', "steps: expected a whole number, got 2.7"),
        ('{"steps": "7"}', "steps: expected a whole number, got '7'"),
        ('{"learning_rate": NaN}', "learning_rate: expected a finite number, got nan"),
        ('{"compile": 1}', "compile: expected true or false, got 1"),
        ('{"pairs": {"viev": 64}}', "pairs.viev=64: expected key=value with one of pairs.batch"),
        ('{"pairs": 3}', "pairs=3: expected key=value"),
    ],
)
def test_bad_settings_of_a_file_are_named(content, message, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=message):
        configure((), tmp_path / "a.json")


def test_a_file_of_an_earlier_version_is_read_and_what_it_lacks_is_the_presets(tmp_path):
    # Written before masks were pasted and before strides could differ.
    old = json.loads(json.dumps(asdict(PRESETS["default"])))
    del old["objective"]["pasted_share"], old["network"]["deep_stride"], old["seed"]
    old["steps"] = 123
    (tmp_path / "config.json").write_text(json.dumps(old))
    config = configure((), tmp_path / "config.json")
    assert config == replace(PRESETS["default"], steps=123)
    assert config.pairs.scale == (0.25, 0.8)


def test_the_configuration_in_the_packaged_card_is_read(tmp_path):
    card = read_card()
    (tmp_path / "config.json").write_text(json.dumps(card.training["config"]))
    config = configure((), tmp_path / "config.json")
    assert config.steps == 3600
    assert config.network == card.network


def test_configurations_and_cards_need_no_torch():
    code = "import sys; from ctvos_core.training.settings import configure; configure(['steps=3'])"
    code += (
        "; from ctvos_core.weights import read_card; read_card(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bad_files_are_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[]")
    for name in ("a.json", "b.json", "missing.json"):
        with pytest.raises(InputError, match=f"{name}: expected"):
            configure((), tmp_path / name)
