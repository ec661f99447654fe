"""How fast a run is, against what its device could do, and how long and how large it will be."""

from __future__ import annotations

import copy
import resource
import time
from collections.abc import Iterator

import torch
from torch.utils.flop_counter import FlopCounterMode

from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.run.batches import Batch
from ctvos_core.training.run.losses import Losses
from ctvos_core.training.run.trainer import Trainer

PEAK_FLOPS = {
    "H100": 989e12,
    "H200": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "A10": 125e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
}
"""Dense bfloat16 operations per second by part of the GPU's name, as its maker states them."""


def step_flops(trainer: Trainer, batch: Batch) -> int:
    """Floating-point operations of this process's part of a step, forward and back.

    Counted on a copy: the run is not changed by it.
    """
    network = copy.deepcopy(trainer.network)
    losses = Losses(network, trainer.config, trainer.workers)
    with FlopCounterMode(display=False) as counter, trainer.precision():
        torch.stack([*losses(batch.clips, batch.pairs, batch.orders).values()]).sum().backward()
    return counter.get_total_flops()


def peak_flops(device: torch.device) -> float | None:
    """What the device could do in a second, or None if that is not known."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAK_FLOPS.items() if part in name), None)


def samples_per_step(config: TrainingConfig) -> int:
    """Clips and pairs of all processes."""
    return config.clips.batch + config.pairs.batch


def peak_memory_gib(device: torch.device) -> float:
    """The most memory that was in use so far: the GPU's, or this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def dry_run(trainer: Trainer, batches: Iterator[Batch], steps: int = 4) -> dict[str, float]:
    """Take a few steps, of which the first is not timed, and say what a whole run will take.

    Returns:
        `seconds_per_step`, `samples_per_second`, `hours` of the whole run, `peak_memory_gib`,
        `teraflops_per_step`, and `share_of_peak` where the device's peak is known.
    """
    first = next(batches)
    flops = step_flops(trainer, first)
    trainer.compile()
    trainer.train_step(first)
    _finish(trainer.device)
    started, done = time.monotonic(), 0
    for _, batch in zip(range(steps - 1), batches, strict=False):
        trainer.train_step(batch)
        done += 1
    _finish(trainer.device)
    seconds = (time.monotonic() - started) / max(done, 1)
    config = trainer.config
    figures = {
        "seconds_per_step": seconds,
        "samples_per_second": samples_per_step(config) / seconds,
        "hours": seconds * config.steps / 3600,
        "peak_memory_gib": peak_memory_gib(trainer.device),
        "teraflops_per_step": flops / 1e12,
    }
    peak = peak_flops(trainer.device)
    return figures | ({"share_of_peak": flops / seconds / peak} if peak else {})


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
