"""A training run in a folder: footage cache, checkpoint, metrics, and the model it ends with.

`OUT/cache/` the decoded footage, `OUT/checkpoint.pt`, `OUT/metrics.jsonl` one row per report,
`OUT/model/` weights and card.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import torch

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.training.cache import FrameCache, build_cache
from ctvos_core.training.correspondence import CorrespondenceConfig, CorrespondenceTrainer
from ctvos_core.weights import ModelCard, save_model


def train(
    videos: Sequence[Path],
    out: Path,
    config: CorrespondenceConfig,
    device: torch.device,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> ModelCard:
    """Train on every video and photo below `videos` and write the model to `out`.

    Args:
        videos: folders, searched recursively; read once, and not again when `out` has their cache.
        out: see the module.
        config: the run.
        device: where it runs.
        resume: continue from the checkpoint in `out`; the losses are those of a run without a stop.
        report: called with lines of progress.

    Returns:
        The card of the model.

    Raises:
        InputError: nothing usable in `videos`; a checkpoint in `out` and no `resume`, or the
            other way round.
    """
    checkpoint = out / "checkpoint.pt"
    if resume and not checkpoint.exists():
        raise InputError("no_checkpoint", f"{checkpoint}: expected a checkpoint, found none")
    if checkpoint.exists() and not resume:
        raise InputError("run_exists", f"{out}: holds a run already; resume it or name another")
    cache_folder = out / "cache"
    if (cache_folder / "index.json").exists():
        cache = FrameCache(cache_folder)
    else:
        cache = build_cache(videos, cache_folder, report=report)
    for path, reason in cache.index.skipped.items():
        report(f"skipped {path}: {reason}")
    trainer = CorrespondenceTrainer(cache, config, device)
    if resume:
        trainer.load(checkpoint)
    with (out / "metrics.jsonl").open("a") as metrics:

        def log(row: dict[str, Any]) -> None:
            line = json.dumps(row)
            metrics.write(line + "\n")
            metrics.flush()
            report(line)

        trainer.run(out, log)
    return export(trainer, out / "model", out.name)


def export(trainer: CorrespondenceTrainer, folder: Path, name: str) -> ModelCard:
    """Write the moving average of a trainer's encoder as a model without a decoder."""
    config = trainer.config
    network = CTVOS(config.network())
    network.query_encoder.load_state_dict(trainer.average.state_dict())
    index = trainer.sampler.cache.index
    card = ModelCard(
        name=name,
        description="Key encoder, taught by dense contrastive correspondence without labels.",
        network=network.config,
        parameters=0,
        digest="",
        training={
            "objective": "dense contrastive correspondence",
            "steps": trainer.step,
            "config": json.loads(json.dumps(asdict(config))),
            "scenes": len(index.scenes),
            "frames": len(index.offsets) - 1,
        },
    )
    return save_model(folder, network, card)


def configure(settings: Sequence[str]) -> CorrespondenceConfig:
    """A configuration from `key=value` settings; keys of the pairs are written `pairs.key`.

    Raises:
        InputError: no such key, or a value of another type than the default's.
    """
    config = CorrespondenceConfig()
    for setting in settings:
        key, equals, text = setting.partition("=")
        owner, _, name = key.rpartition(".")
        target: Any = config.pairs if owner == "pairs" else config
        known = {f.name: getattr(target, f.name) for f in fields(target) if f.name != "pairs"}
        if not equals or owner not in ("", "pairs") or name not in known:
            raise InputError(
                "setting_unknown",
                f"{setting}: expected key=value with one of {', '.join(known)}",
            )
        changed = replace(target, **{name: _parse(setting, text, known[name])})
        config = replace(config, pairs=changed) if owner else changed
    return config


def _parse(setting: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, tuple):
            parts = tuple(float(part) for part in text.split(","))
            if len(parts) != len(default):
                raise ValueError
            return parts
        return type(default)(text)
    except ValueError as error:
        raise InputError(
            "setting_invalid", f"{setting}: expected a value like {default!r}, got {text!r}"
        ) from error
