"""Training of the key encoder by dense contrastive correspondence (`objective.contrastive`)."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctvos_core.network.ctvos import NetworkConfig, make_key_encoder
from ctvos_core.objective.contrastive import contrastive_loss
from ctvos_core.training.augment import augment
from ctvos_core.training.cache import FrameCache
from ctvos_core.training.pairs import PairBatch, PairConfig, PairSampler


@dataclass(frozen=True)
class CorrespondenceConfig:
    """One training run; everything that changes its result."""

    steps: int = 5000
    batch: int = 8
    learning_rate: float = 6e-4
    warm_up_steps: int = 200
    cool_down_share: float = 0.3
    """Share of the steps, at the end, in which the learning rate falls linearly to 0."""
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    temperature: float = 0.07
    ema_decay: float = 0.998
    backbone: str = "resnet18"
    stride: int = 8
    deep_stride: int = 16
    key_channels: int = 64
    seed: int = 0
    pairs: PairConfig = field(default_factory=PairConfig)

    def network(self) -> NetworkConfig:
        """The network whose key encoder is trained; it has no decoder."""
        return NetworkConfig(
            backbone=self.backbone,
            stride=self.stride,
            deep_stride=self.deep_stride,
            key_channels=self.key_channels,
            decoder=False,
        )


class CorrespondenceTrainer:
    """The state of a run: model, its moving average, optimiser, step."""

    def __init__(
        self, cache: FrameCache, config: CorrespondenceConfig, device: torch.device
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.sampler = PairSampler(cache, config.pairs, config.seed)
        model = make_key_encoder(config.network()).to(device)
        self.model = model.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.step = 0

    def run(
        self,
        out: Path,
        report: Callable[[dict[str, Any]], None],
        save_every: int = 250,
        report_every: int = 50,
    ) -> None:
        """Train up to `config.steps`.

        Args:
            out: folder that `checkpoint.pt` is written to every `save_every` steps and at the end.
            report: called every `report_every` steps with the step, the mean loss since the last
                call and the seconds per step.
            save_every: steps.
            report_every: steps.
        """
        losses: list[Tensor] = []
        started = time.monotonic()
        for batch in self.batches():
            losses.append(self.train_step(batch))
            if self.step % report_every == 0 or self.step == self.config.steps:
                seconds = (time.monotonic() - started) / len(losses)
                loss = torch.stack(losses).mean().item()
                report({"step": self.step, "loss": loss, "seconds_per_step": round(seconds, 3)})
                losses, started = [], time.monotonic()
            if self.step % save_every == 0 or self.step == self.config.steps:
                self.save(out / "checkpoint.pt")

    def save(self, path: Path) -> None:
        """Write the whole state to a temporary name, then rename."""
        state = {
            "config": json.dumps(asdict(self.config)),
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint written by `save`."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def batches(self) -> Iterator[PairBatch]:
        """The batches from the current step to the last."""
        # One batch ahead in a thread: decoding and warping release the interpreter lock.
        with ThreadPoolExecutor(1) as pool:
            steps = range(self.step, self.config.steps)
            ahead = [pool.submit(self.sampler.batch, n, self.config.batch) for n in steps[:1]]
            for n in steps:
                batch = ahead.pop().result()
                if n + 1 < self.config.steps:
                    ahead.append(pool.submit(self.sampler.batch, n + 1, self.config.batch))
                yield batch

    def train_step(self, batch: PairBatch) -> Tensor:
        """One step of the optimiser; the loss of the batch."""
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(self.step, config)
        generator = torch.Generator(self.device).manual_seed(config.seed * 1_000_003 + self.step)
        B = config.batch
        views = batch.views.to(self.device).flatten(0, 1)
        cut = torch.arange(2 * B, device=self.device) < B
        images = augment(views, generator, cut).contiguous(memory_format=torch.channels_last)
        a, b = F.normalize(self.model(images).out, dim=1).chunk(2)
        points_a, points_b = batch.points.to(self.device) / config.stride
        valid = batch.valid.to(self.device)
        loss = 0.5 * (
            contrastive_loss(a, b, points_a, points_b, valid, config.temperature)
            + contrastive_loss(b, a, points_b, points_a, valid, config.temperature)
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), config.gradient_clip)
        self.optimizer.step()
        self._update_average()
        self.step += 1
        return loss.detach()

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        for kept, now in zip(
            self.average.state_dict().values(), self.model.state_dict().values(), strict=True
        ):
            if kept.is_floating_point():
                kept.lerp_(now, 1 - decay)
            else:
                kept.copy_(now)


def schedule(step: int, config: CorrespondenceConfig) -> float:
    """Factor of the learning rate at `step`: linear warm-up, flat, linear cool-down."""
    warm_up = (step + 1) / max(config.warm_up_steps, 1)
    cool_down = (config.steps - step) / max(config.cool_down_share * config.steps, 1)
    return min(1.0, warm_up, cool_down)
