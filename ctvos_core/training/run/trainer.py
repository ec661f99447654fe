"""The state of a run and one step of it."""

from __future__ import annotations

import copy
import json
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.devices import network_dtype
from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.run.batches import Batch
from ctvos_core.training.run.losses import Losses
from ctvos_core.training.run.parallel import Workers, share_batch_norms


class Trainer:
    """Network, its moving average, optimiser, and the step, which is the position in the data.

    Args:
        config: the run; the same seed gives the same network.
        device: where it is trained.
        workers: the processes that train it together.
        frozen_norms: leave the statistics of batch norms as they are, and use them: those of a
            single video would be narrow.
    """

    def __init__(
        self,
        config: TrainingConfig,
        device: torch.device,
        workers: Workers | None = None,
        frozen_norms: bool = False,
    ) -> None:
        self.config, self.device, self.workers = config, device, workers or Workers()
        self._frozen_norms = frozen_norms
        torch.manual_seed(config.seed)
        self.network = CTVOS(config.trained_network)
        if not self.network.config.shared_encoder:
            # Alike at first, or similarities of queries and keys would mean nothing to start from.
            self.network.key_encoder.load_state_dict(self.network.query_encoder.state_dict())
        self.network.to(device).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        share_batch_norms(self.network, self.workers)
        self.losses: nn.Module = Losses(self.network, config, self.workers)
        if self.workers.count > 1:
            # Switched-off losses leave parts of the network without gradients.
            self.losses = DistributedDataParallel(self.losses, find_unused_parameters=True)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.step = 0
        self.started_from: str | None = None
        """SHA-256 of the weights that training started from; None: random ones."""

    def start_from(self, network: CTVOS, digest: str | None = None) -> None:
        """Take over the weights of a trained network, before the first step.

        Parts that it lacks, such as a decoder, stay random.

        Args:
            network: one with the same encoders.
            digest: what to remember it by; None: nothing is recorded.

        Raises:
            InputError: its encoders are others.
        """
        given = dict(network.named_children())
        given.setdefault("key_encoder", network.query_encoder)
        for model in (self.network, self.average):
            for name, module in model.named_children():
                if name in given:
                    _copy_weights(given[name], module, name)
        self.started_from = digest

    def compile(self) -> None:
        """Compile the encoders, if the configuration says so."""
        if self.config.compile:
            for name, module in self.network.named_children():
                if name.endswith("encoder"):
                    module.compile()

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """One step of the optimiser.

        Returns:
            The weighted losses of the whole batch by name, their sum as `loss`, and
            `gradient_norm` before clipping.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.config)
        # Of all modules only batch norms tell training from inference.
        self.network.train(not self._frozen_norms)
        with self.precision():
            losses = self.losses(batch.clips, batch.pairs, batch.orders)
        own = torch.stack([*losses.values()])
        self.optimizer.zero_grad(set_to_none=True)
        own.sum().backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        self.step += 1
        self._update_average()
        every = self.workers.total(own.detach()) / self.workers.count
        found = dict(zip(losses, every, strict=True))
        return {"loss": every.sum()} | found | {"gradient_norm": norm.detach()}

    def precision(self) -> AbstractContextManager[object]:
        """bfloat16 where the hardware multiplies it."""
        if network_dtype(self.device) != torch.bfloat16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def save(self, path: Path) -> None:
        """Write everything to a temporary name, then rename."""
        state = {
            "config": json.dumps(asdict(self.config)),
            "step": self.step,
            "started_from": self.started_from,
            "model": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint written by `save`.

        The rate of learning and the random draws are functions of the step and the configuration:
        continued with the same configuration, the run is the one that was never stopped.

        Raises:
            InputError: not a checkpoint, or one of another network.
        """
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.network.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.started_from = state["step"], state["started_from"]
        except Exception as error:  # torch.load raises whatever its parts raise
            line = str(error).partition("\n")[0]
            raise InputError(
                "checkpoint_unusable",
                f"{path}: expected a checkpoint of this configuration's network: {line}",
            ) from error

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        now = self.network.state_dict()
        for name, kept in self.average.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(now[name], 1 - decay)
            else:
                kept.copy_(now[name])


def _copy_weights(given: nn.Module, module: nn.Module, name: str) -> None:
    try:
        module.load_state_dict(given.state_dict())
    except RuntimeError as error:
        raise InputError(
            "start_unfit",
            f"start_from: expected a model whose {name} is as the run's network settings say, "
            "got one of another shape",
        ) from error


def learning_rate(step: int, config: TrainingConfig) -> float:
    """At `step`: linear warm-up, then half a cosine down to 0 at the last step."""
    warm_up = min(1.0, (step + 1) / max(config.warm_up_steps, 1))
    past = max(step - config.warm_up_steps, 0) / max(config.steps - config.warm_up_steps, 1)
    return config.learning_rate * warm_up * (1 + math.cos(math.pi * min(past, 1.0))) / 2
