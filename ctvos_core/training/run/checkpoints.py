"""Checkpoints: the state of a run in one file, from which it continues."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from ctvos_core.errors import InputError
from ctvos_core.training.run.trainer import Trainer
from ctvos_core.video import replacing


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write the whole state of a run; a checkpoint at `path` is replaced once this one is whole."""
    state = {
        "config": json.dumps(asdict(trainer.config)),
        "step": trainer.step,
        "started_from": trainer.started_from,
        "model": trainer.network.state_dict(),
        "average": trainer.average.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
    }
    with replacing(path) as partial:
        torch.save(state, partial)


def load_checkpoint(trainer: Trainer, path: Path) -> None:
    """Continue from a checkpoint that `save_checkpoint` wrote.

    The learning rate and the random draws are functions of the step and the configuration:
    continued with the same configuration, the run is the one that was never stopped.

    Raises:
        InputError: `checkpoint_unusable`, not a checkpoint, or one of another network.
    """
    try:
        state = torch.load(path, map_location=trainer.device, weights_only=True)
        trainer.network.load_state_dict(state["model"])
        trainer.average.load_state_dict(state["average"])
        trainer.optimizer.load_state_dict(state["optimizer"])
        trainer.step, trainer.started_from = state["step"], state["started_from"]
    except Exception as error:  # torch.load raises whatever its parts raise
        line = str(error).partition("\n")[0]
        raise InputError(
            "checkpoint_unusable",
            f"{path}: expected a checkpoint of this configuration's network: {line}",
        ) from error
