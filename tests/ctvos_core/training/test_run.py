import json
import random
import subprocess
import sys
import time

import cv2
import pytest
import torch
from training_footage import CLIP_SETTINGS, FULL_SETTINGS, PAIR_SETTINGS, draw_pan, write_video

from ctvos_core.errors import InputError
from ctvos_core.training.run.reports import Metrics, read_metrics
from ctvos_core.training.run.train import configure, estimate, train
from ctvos_core.weights import load_model, read_card

CPU = torch.device("cpu")


def start(footage, cache_folder, out, settings, **options):
    lines = []
    card = train(
        [footage],
        out,
        configure(settings),
        CPU,
        report=lines.append,
        cache=cache_folder,
        **options,
    )
    return card, lines


def losses(out):
    return {
        row["step"]: row["loss"] for row in read_metrics(out / "metrics.jsonl") if "loss" in row
    }


def test_a_run_ends_with_a_model_its_card_metrics_and_pictures(footage, cache_folder, tmp_path):
    card, lines = start(footage, cache_folder, tmp_path, CLIP_SETTINGS)
    model = load_model(tmp_path / "model")
    image, tags = model.decode(
        torch.zeros(1, 256, 4, 4), model.encode_query(torch.zeros(1, 3, 32, 32)), (32, 32)
    )
    assert (image.shape, tags.shape) == ((1, 3, 32, 32), (1, 1, 32, 32))
    assert read_card(tmp_path / "model") == card
    assert card.training["steps"] == 3
    assert configure((), tmp_path / "config.json") == configure(CLIP_SETTINGS)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert set(losses(tmp_path)) == {1, 2, 3}
    assert [row["step"] for row in rows if "tag_difference" in row] == [0, 3]
    assert {"reconstruction", "tagging", "gradient_norm", "samples_per_second"} <= set(rows[1])
    assert list((tmp_path / "tensorboard").glob("events*"))
    for name in ("000000.png", "000003.png"):
        assert cv2.imread(str(tmp_path / "pictures" / name)).shape == (8 * 32, 5 * 32, 3)
    for name, reason in {
        "broken.mp4": "",
        "sound.wav": "neither",
        "photo.png": "one frame",
    }.items():
        assert any(line.startswith("skipped") and name in line and reason in line for line in lines)


def test_a_run_is_resumed_only_when_asked(footage, cache_folder, tmp_path):
    with pytest.raises(InputError, match="expected a checkpoint, found none"):
        start(footage, cache_folder, tmp_path, PAIR_SETTINGS, resume=True)
    card, _ = start(footage, cache_folder, tmp_path, PAIR_SETTINGS)
    assert not card.network.decoder
    with pytest.raises(InputError, match="holds a run already"):
        start(footage, cache_folder, tmp_path, PAIR_SETTINGS)
    longer = (*PAIR_SETTINGS, "steps=5")
    card, _ = start(footage, cache_folder, tmp_path, longer, resume=True)
    assert card.training["steps"] == 5
    assert set(losses(tmp_path)) == {1, 2, 3, 4, 5}


def test_a_run_can_begin_with_the_weights_of_a_model(footage, cache_folder, tmp_path):
    card, _ = start(footage, cache_folder, tmp_path / "first", PAIR_SETTINGS)
    first = tmp_path / "first" / "model"
    still = (*FULL_SETTINGS, "learning_rate=0", "weight_decay=0")
    next_card, _ = start(footage, cache_folder, tmp_path / "next", still, start_from=first)
    assert next_card.training["started_from"] == card.digest
    begun = load_model(first).query_encoder.state_dict()
    ended = load_model(tmp_path / "next" / "model").query_encoder.state_dict()
    for name, tensor in begun.items():
        if "running" not in name and "num_batches" not in name:
            assert torch.equal(tensor, ended[name]), name
    card, _ = start(footage, cache_folder, tmp_path / "next", still, resume=True)
    assert card.training["started_from"] == next_card.training["started_from"]
    other = (*PAIR_SETTINGS, "network.key_channels=16")
    with pytest.raises(InputError, match=r"start_from: expected a model whose query_encoder"):
        start(footage, cache_folder, tmp_path / "other", other, start_from=first)


def test_a_run_killed_at_any_step_resumes_to_the_losses_of_one_that_was_not(
    footage, cache_folder, tmp_path
):
    settings = (*FULL_SETTINGS, "steps=6", "save_every=2")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    arguments = ["--videos", str(footage), "--out", str(killed), "--cache", str(cache_folder)]
    arguments += [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "ctvos_cli", "train", "--device", "cpu", *arguments]
    last = random.randrange(1, 6)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and last not in losses(killed):
            time.sleep(0.01)
        process.kill()
    start(footage, cache_folder, killed, settings, resume=True)
    start(footage, cache_folder, whole, settings)
    assert losses(killed) == losses(whole), f"killed after step {last}"
    assert len(losses(whole)) == 6
    weights = [(out / "model/model.safetensors").read_bytes() for out in (killed, whole)]
    assert weights[0] == weights[1]


def test_a_run_stops_in_time_with_a_checkpoint(footage, cache_folder, tmp_path):
    settings = (*PAIR_SETTINGS, "steps=100")
    _, lines = start(footage, cache_folder, tmp_path, settings, minutes=0)
    assert lines[-2] == "stopped after 10 of 100 steps, to be resumed"
    settings = (*PAIR_SETTINGS, "steps=11")
    card, _ = start(footage, cache_folder, tmp_path, settings, resume=True)
    assert card.training["steps"] == 11


def test_a_dry_run_leaves_nothing_but_the_cache(footage, tmp_path):
    figures = estimate([footage], tmp_path, configure(PAIR_SETTINGS), CPU, lambda line: None)
    assert figures["hours"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_footage_too_short_for_clips_is_one_clear_line(tmp_path):
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in/short.mp4", draw_pan(1, 2))
    with pytest.raises(InputError, match="expected a scene of at least 3 frames, found none"):
        train([tmp_path / "in"], tmp_path / "out", configure(CLIP_SETTINGS), CPU, report=list)


def test_losses_that_are_no_numbers_end_the_run(footage, cache_folder, tmp_path):
    settings = (*PAIR_SETTINGS, "learning_rate=1e30", "steps=20")
    with pytest.raises(InputError, match="expected finite losses"):
        start(footage, cache_folder, tmp_path, settings)


def test_rows_from_beyond_the_checkpoint_go_when_a_run_resumes(tmp_path):
    path = tmp_path / "metrics.jsonl"
    rows = [{"step": step, "loss": float(step)} for step in range(1, 6)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"step": 6, "lo')
    metrics = Metrics(tmp_path, 3)
    metrics.write({"step": 4, "loss": 0.5})
    metrics.close()
    assert [row["step"] for row in read_metrics(path)] == [1, 2, 3, 4]
    assert read_metrics(path)[-1]["loss"] == 0.5
