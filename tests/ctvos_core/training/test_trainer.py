import math

import pytest
import torch
from training_footage import CLIP_SETTINGS, FULL_SETTINGS, PAIR_SETTINGS

from ctvos_core.errors import InputError
from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.run.batches import Batches
from ctvos_core.training.run.parallel import Workers
from ctvos_core.training.run.throughput import dry_run, step_flops
from ctvos_core.training.run.trainer import Trainer, learning_rate
from ctvos_core.training.settings import configure

CPU = torch.device("cpu")


def batches(cache, config):
    return Batches(cache, config, CPU, Workers())


def run(trainer, cache, until=None):
    """Losses of the steps up to `until`."""
    found = []
    for batch in batches(cache, trainer.config).following(trainer.step):
        found.append(trainer.train_step(batch)["loss"].item())
        if trainer.step == until:
            break
    return found


@pytest.mark.parametrize("settings", [CLIP_SETTINGS, PAIR_SETTINGS])
def test_losses_fall(cache, settings):
    config = configure(settings)
    trainer = Trainer(config, CPU)
    batch = next(batches(cache, config).following(0))
    found = []
    for _ in range(7):
        trainer.step = 1  # past the warm-up
        found.append(trainer.train_step(batch)["loss"].item())
    assert found[-1] < 0.9 * found[0]


def test_a_resumed_run_is_the_uninterrupted_one(cache, tmp_path):
    config = configure(FULL_SETTINGS)
    whole = run(Trainer(config, CPU), cache)
    first, second = Trainer(config, CPU), Trainer(config, CPU)
    half = run(first, cache, until=2)
    first.save(tmp_path / "half.pt")
    second.load(tmp_path / "half.pt")
    assert half + run(second, cache) == whole


def test_no_checkpoint_of_another_network_is_resumed(tmp_path):
    Trainer(configure(PAIR_SETTINGS), CPU).save(tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="expected a checkpoint of this configuration's network"):
        Trainer(configure(CLIP_SETTINGS), CPU).load(tmp_path / "checkpoint.pt")
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="expected a checkpoint"):
        Trainer(configure(PAIR_SETTINGS), CPU).load(tmp_path / "checkpoint.pt")


def test_the_average_lags_behind_the_model(cache):
    trainer = Trainer(configure([*PAIR_SETTINGS, "ema_decay=0.1"]), CPU)
    run(trainer, cache, until=1)
    before = {k: v.clone() for k, v in trainer.average.state_dict().items()}
    run(trainer, cache)
    now = trainer.network.state_dict()
    kept = trainer.average.state_dict()
    name = "query_encoder.stem.0.weight"
    assert not torch.equal(before[name], kept[name])
    lag, gap = (kept[name] - now[name]).norm(), (before[name] - now[name]).norm()
    assert 0 < lag < gap


def test_the_rate_of_learning_warms_up_and_falls_as_a_cosine():
    config = TrainingConfig(steps=110, warm_up_steps=10, learning_rate=2.0)
    rates = [learning_rate(step, config) for step in range(110)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == rates[10] == pytest.approx(2.0)
    assert rates[60] == pytest.approx(1.0)
    assert rates[109] == pytest.approx(1 + math.cos(math.pi * 0.99))


def test_gradients_are_clipped(cache):
    config = configure([*PAIR_SETTINGS, "gradient_clip=0.01"])
    trainer = Trainer(config, CPU)
    row = trainer.train_step(next(batches(cache, config).following(0)))
    norm = torch.stack([p.grad.norm() for p in trainer.network.parameters()]).norm()
    assert row["gradient_norm"] > 0.01
    assert norm.item() == pytest.approx(0.01, rel=1e-3)


def test_a_dry_run_says_how_long_and_how_large(cache):
    config = configure(PAIR_SETTINGS)
    figures = dry_run(Trainer(config, CPU), batches(cache, config).following(0))
    assert figures["hours"] == pytest.approx(figures["seconds_per_step"] * config.steps / 3600)
    assert figures["peak_memory_gib"] > 0.1
    assert figures["teraflops_per_step"] > 1e-4
    assert "share_of_peak" not in figures


def test_operations_are_counted_without_changing_the_run(cache):
    config = configure(PAIR_SETTINGS)
    trainer = Trainer(config, CPU)
    batch = next(batches(cache, config).following(0))
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    flops = step_flops(trainer, batch)
    doubled = configure([*PAIR_SETTINGS, "pairs.batch=4"])
    more = step_flops(Trainer(doubled, CPU), next(batches(cache, doubled).following(0)))
    assert 1.9 * flops < more < 2.2 * flops
    assert all(torch.equal(v, before[k]) for k, v in trainer.network.state_dict().items())
