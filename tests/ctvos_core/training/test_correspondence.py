from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from ctvos_core.training.augment import augment
from ctvos_core.training.cache import build_cache
from ctvos_core.training.correspondence import (
    CorrespondenceConfig,
    CorrespondenceTrainer,
    schedule,
)
from ctvos_core.training.pairs import PairConfig

CONFIG = CorrespondenceConfig(
    steps=8,
    batch=2,
    warm_up_steps=2,
    key_channels=16,
    pairs=PairConfig(view=32, points=16),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for n in range(4):
        noise = rng.integers(0, 256, (96, 96, 3), np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), cv2.GaussianBlur(noise, (0, 0), 2))
    return build_cache([folder], tmp_path_factory.mktemp("cache"))


def losses(trainer, out, save_every=4):
    found = []
    trainer.run(out, lambda row: found.append(row["loss"]), save_every, report_every=1)
    return found


def trainer(cache, config=CONFIG):
    return CorrespondenceTrainer(cache, config, torch.device("cpu"))


def test_the_loss_falls(cache):
    run = trainer(cache, replace(CONFIG, steps=100))
    batch = run.sampler.batch(0, CONFIG.batch)
    found = [run.train_step(batch).item() for _ in range(15)]
    assert np.mean(found[-3:]) < 0.8 * found[0]


def test_a_resumed_run_is_the_uninterrupted_one(cache, tmp_path):
    whole = losses(trainer(cache), tmp_path)
    first = trainer(cache)
    for batch in first.batches():
        first.train_step(batch)
        if first.step == 4:
            break
    first.save(tmp_path / "half.pt")
    second = trainer(cache)
    second.load(tmp_path / "half.pt")
    assert losses(second, tmp_path) == whole[4:]


def test_the_average_lags_behind_the_model(cache, tmp_path):
    run = trainer(cache)
    losses(run, tmp_path)
    pairs = zip(run.average.parameters(), run.model.parameters(), strict=True)
    assert not all(torch.equal(a, m) for a, m in pairs)


def test_the_schedule_warms_up_stays_and_cools_down():
    config = CorrespondenceConfig(steps=100, warm_up_steps=10, cool_down_share=0.25)
    factors = [schedule(step, config) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9:76] == [1.0] * 67
    assert factors[99] == pytest.approx(1 / 25)


def test_augmentation_keeps_shape_and_range_and_cuts_where_told():
    images = torch.randint(0, 256, (64, 3, 16, 24), dtype=torch.uint8)
    generator = torch.Generator().manual_seed(0)
    cut = torch.arange(64) < 32
    lab = augment(images, generator, cut)
    assert lab.shape == images.shape
    assert lab.dtype == torch.float32
    assert lab.abs().max() < 1.2
    zero = (lab == 0).all(1).float().mean((1, 2))
    assert (zero[:32] > 0.015).all()
    assert (zero[32:] < 0.015).all()
    dropped = (lab[32:, 1:] == 0).all(-1).all(-1)
    assert 0 < dropped.float().mean() < 0.5
