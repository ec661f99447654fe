"""A training run in a folder.

`OUT/cache/` the decoded footage, `OUT/config.json`, `OUT/checkpoint.pt`, `OUT/metrics.jsonl`,
`OUT/tensorboard/`, `OUT/pictures/` of reconstructions and tag maps, `OUT/model/` weights and card.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.footage.cache import FrameCache
from ctvos_core.training.footage.scan import build_cache
from ctvos_core.training.run.batches import Batches
from ctvos_core.training.run.loop import Loop, Report
from ctvos_core.training.run.parallel import Workers, join_workers, own_device
from ctvos_core.training.run.throughput import dry_run
from ctvos_core.training.run.trainer import Trainer
from ctvos_core.training.settings import configure
from ctvos_core.weights import ModelCard, load_model, read_card, save_model

__all__ = ["Report", "configure", "estimate", "train"]

_DRY_STEPS = 4


def train(
    videos: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    device: torch.device,
    resume: bool = False,
    report: Report = print,
    minutes: float | None = None,
    cache: Path | None = None,
    start_from: str | Path | None = None,
) -> ModelCard:
    """Train on every video and photo below `videos` and write the model to `out`.

    Args:
        videos: folders, searched recursively; read once, and not again when there is their cache.
        out: see the module.
        config: the run.
        device: where it runs; under `torchrun`, every process takes a GPU of its own.
        resume: continue from the checkpoint in `out`; the losses are those of a run without a stop.
        report: called with lines of progress.
        minutes: stop with a checkpoint after so long, to be resumed.
        cache: folder of decoded footage that runs share; by default `out/cache`.
        start_from: a packaged model's name or a model folder, whose weights the run begins with;
            None: random ones. A run that is resumed has its own already.

    Returns:
        The card of the model, which the first process has written.

    Raises:
        InputError: nothing usable in `videos`; a checkpoint in `out` and no `resume`, or the
            other way round; losses that are no longer numbers; a model to start from that is of
            another shape.
    """
    started = time.monotonic()
    checkpoint = out / "checkpoint.pt"
    if resume and not checkpoint.exists():
        raise InputError("no_checkpoint", f"{checkpoint}: expected a checkpoint, found none")
    if checkpoint.exists() and not resume:
        raise InputError("run_exists", f"{out}: holds a run already; resume it or name another")
    device = own_device(device)
    workers = join_workers(device)
    report = report if workers.is_first else _silent
    footage = _open_cache(videos, cache or out / "cache", config, workers, report)
    batches = Batches(footage, config, device, workers)
    trainer = Trainer(config, device, workers)
    if resume:
        trainer.load(checkpoint)
    elif start_from is not None:
        trainer.start_from(load_model(start_from), read_card(start_from).digest)
    Loop(trainer, batches, out, report).go(None if minutes is None else started + 60 * minutes)
    card = _describe(trainer, footage, out.name)
    if workers.is_first:
        card = _export(trainer, out / "model", card)
    report(f"{out / 'model'}: {card.parameters / 1e6:.1f} million parameters")
    workers.leave()
    return card


def estimate(
    videos: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    device: torch.device,
    report: Report = print,
    cache: Path | None = None,
) -> dict[str, float]:
    """What a run would take (see `throughput.dry_run`), from a few steps that leave no trace.

    The cache is built, for the run to use.

    Raises:
        InputError: as `train` does for `videos`.
    """
    footage = _open_cache(videos, cache or out / "cache", config, Workers(), report)
    batches = Batches(footage, replace(config, steps=_DRY_STEPS), device, Workers())
    return dry_run(Trainer(config, device), batches.following(0))


def _open_cache(
    videos: Sequence[Path], folder: Path, config: TrainingConfig, workers: Workers, report: Report
) -> FrameCache:
    if workers.is_first and not (folder / "index.json").exists():
        build_cache(videos, folder, report=report)
    workers.wait()
    cache = FrameCache(folder)
    for path, reason in cache.index.skipped.items():
        report(f"skipped {path}: {reason}")
    clips = config.clips.batch and config.clips.photo_share
    if not clips and not (config.pairs.batch and config.pairs.photo_share):
        moving = {scene.source for scene in cache.scenes if scene.count > 1}
        for source in sorted({scene.source for scene in cache.scenes} - moving):
            report(f"skipped {source}: one frame, and photos are switched off")
    return cache


def _describe(trainer: Trainer, cache: FrameCache, name: str) -> ModelCard:
    config = trainer.config
    parts = ["cutout reconstruction and tagging"] * (config.clips.batch > 0)
    parts += ["dense contrastive correspondence"] * (config.pairs.batch > 0)
    used = trainer.device
    return ModelCard(
        name=name,
        description=f"Taught without labels, by {' and '.join(parts)}.",
        network=trainer.average.config,
        parameters=0,
        digest="",
        training={
            "objective": " and ".join(parts),
            "steps": trainer.step,
            "config": json.loads(json.dumps(asdict(config))),
            "scenes": len(cache.scenes),
            "frames": cache.frame_count,
            "started_from": trainer.started_from,
            "hardware": torch.cuda.get_device_name(used) if used.type == "cuda" else "CPU",
        },
    )


def _export(trainer: Trainer, folder: Path, card: ModelCard) -> ModelCard:
    """Write the moving average as a model."""
    network = CTVOS(trainer.average.config)
    network.load_state_dict(trainer.average.state_dict())
    return save_model(folder, network, card)


def _silent(line: str) -> None:
    """Only the first process reports."""
