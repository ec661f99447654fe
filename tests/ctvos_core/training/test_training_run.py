import json

import cv2
import numpy as np
import pytest
import torch

from ctvos_core.errors import InputError
from ctvos_core.training.correspondence import CorrespondenceConfig
from ctvos_core.training.run import configure, train
from ctvos_core.weights import load_model, read_card

SETTINGS = ("steps=3", "batch=2", "key_channels=8", "pairs.view=32", "pairs.points=8")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    cv2.imwrite(str(folder / "a.png"), cv2.GaussianBlur(noise, (0, 0), 2))
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


def test_a_run_ends_with_a_model_a_card_and_metrics(photos, tmp_path):
    lines = []
    card = train([photos], tmp_path / "run", configure(SETTINGS), CPU, report=lines.append)
    model = load_model(tmp_path / "run" / "model")
    assert model.encode_query(torch.zeros(1, 3, 16, 16)).out.shape == (1, 8, 2, 2)
    assert read_card(tmp_path / "run" / "model") == card
    assert card.training["steps"] == 3
    rows = [json.loads(row) for row in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 3
    assert any("broken.mp4" in line and "skipped" in line for line in lines)


def test_a_run_is_resumed_only_when_asked(photos, tmp_path):
    config = configure(SETTINGS)
    with pytest.raises(InputError, match="expected a checkpoint"):
        train([photos], tmp_path / "run", config, CPU, resume=True)
    train([photos], tmp_path / "run", config, CPU)
    with pytest.raises(InputError, match="holds a run already"):
        train([photos], tmp_path / "run", config, CPU)
    longer = configure([*SETTINGS, "steps=5"])
    assert train([photos], tmp_path / "run", longer, CPU, resume=True).training["steps"] == 5


def test_settings_are_read_by_name_and_type():
    config = configure(["steps=7", "learning_rate=1e-3", "pairs.scale=0.4,0.8"])
    assert config.steps == 7
    assert config.learning_rate == 1e-3
    assert config.pairs.scale == (0.4, 0.8)
    assert configure([]) == CorrespondenceConfig()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stepz=1", "expected key=value with one of steps"),
        ("steps", "expected key=value"),
        ("pairs=1", "expected key=value"),
        ("steps=many", "expected a value like 5000, got 'many'"),
        ("pairs.scale=1", r"expected a value like \(0.3, 0.95\)"),
    ],
)
def test_bad_settings_are_named(setting, message):
    with pytest.raises(InputError, match=message):
        configure([setting])
