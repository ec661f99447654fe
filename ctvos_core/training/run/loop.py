"""Steps, one after another, and what becomes of them in the folder of the run."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctvos_core.errors import InputError
from ctvos_core.training.run.batches import Batch, Batches
from ctvos_core.training.run.pictures import inspect
from ctvos_core.training.run.reports import Metrics
from ctvos_core.training.run.throughput import peak_flops, samples_per_step, step_flops
from ctvos_core.training.run.trainer import Trainer

Report = Callable[[str], None]
"""Called with lines of progress."""

_INSPECTED_CLIPS = 8
_CLOCK_EVERY = 10


class Loop:
    """Takes steps; writes checkpoints, metrics and pictures.

    Args:
        trainer: where the run stands.
        batches: its data.
        out: the folder.
        report: told of every row of metrics.
    """

    def __init__(self, trainer: Trainer, batches: Batches, out: Path, report: Report) -> None:
        self._trainer, self._batches, self._out, self._report = trainer, batches, out, report
        self._rows: list[dict[str, Tensor]] = []
        self._since = time.monotonic()
        self._flops: int | None = None

    def go(self, until: float | None) -> None:
        """Train to the last step, or to a time of the monotonic clock."""
        trainer, config = self._trainer, self._trainer.config
        if not trainer.workers.is_first:
            for _ in self._steps(until):
                self._rows.clear()
            return
        self._out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(config), indent=2) + "\n"
        (self._out / "config.json").write_text(text)
        metrics = Metrics(self._out, trainer.step)
        if trainer.step == 0:
            trainer.save(self._out / "checkpoint.pt")
            self._inspect(metrics)
        for _ in self._steps(until):
            last = trainer.step == config.steps
            if trainer.step % config.report_every == 0 or last:
                metrics.write(self._summary())
            if trainer.step % config.save_every == 0 or last:
                trainer.save(self._out / "checkpoint.pt")
            if last or (config.picture_every and trainer.step % config.picture_every == 0):
                self._inspect(metrics)
        if trainer.step < config.steps:
            trainer.save(self._out / "checkpoint.pt")
            self._report(f"stopped after {trainer.step} of {config.steps} steps, to be resumed")
        metrics.close()

    def _steps(self, until: float | None) -> Iterator[None]:
        trainer = self._trainer
        for batch in self._batches.following(trainer.step):
            if self._flops is None:
                self._prepare(batch)
            self._rows.append(trainer.train_step(batch))
            yield
            if until is not None and trainer.step % _CLOCK_EVERY == 0 and self._is_past(until):
                return

    def _prepare(self, batch: Batch) -> None:
        trainer = self._trainer
        self._flops = step_flops(trainer, batch) if peak_flops(trainer.device) else 0
        trainer.compile()
        self._since = time.monotonic()

    def _is_past(self, until: float) -> bool:
        # All processes must stop at the same step.
        late = torch.tensor(float(time.monotonic() > until), device=self._trainer.device)
        return self._trainer.workers.total(late).item() > 0

    def _summary(self) -> dict[str, Any]:
        """Means since the last report, and speed."""
        trainer = self._trainer
        means = {
            name: torch.stack([row[name] for row in self._rows]).mean().item()
            for name in self._rows[0]
        }
        if not all(map(math.isfinite, means.values())):
            raise InputError(
                "training_diverged",
                f"step {trainer.step}: expected finite losses, got {means}; lower learning_rate",
            )
        now = time.monotonic()
        seconds = (now - self._since) / len(self._rows)
        row: dict[str, Any] = {"step": trainer.step} | means
        row["learning_rate"] = trainer.optimizer.param_groups[0]["lr"]
        row["seconds_per_step"] = round(seconds, 4)
        row["samples_per_second"] = round(samples_per_step(trainer.config) / seconds, 2)
        peak = peak_flops(trainer.device)
        if peak and self._flops:
            row["share_of_peak"] = round(self._flops / seconds / peak, 4)
        self._rows, self._since = [], now
        self._report(json.dumps(row))
        return row

    def _inspect(self, metrics: Metrics) -> None:
        """Look at clips that are not trained on, if the run has clips."""
        trainer = self._trainer
        if not trainer.config.clips.batch:
            return
        clips = self._batches.held_out_clips(_INSPECTED_CLIPS)
        picture = self._out / "pictures" / f"{trainer.step:06}.png"
        row = {"step": trainer.step} | inspect(trainer.average, clips, picture)
        metrics.write(row)
        self._report(json.dumps(row))
