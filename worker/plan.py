"""What a worker is to be; its processes, fresh interpreters, read it from the environment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Literal

from ctvos_jobs.settings import Settings
from worker.pin import choose_gpus

Kind = Literal["segment", "train", "webhooks"]
_VARIABLE = "CTVOS_WORKER_PLAN"
_DELIVERIES_AT_ONCE = 2


@dataclass(frozen=True)
class WorkerPlan:
    """One worker: a parent that takes messages, and processes that work."""

    kind: Kind
    """Also the queue it takes from."""
    processes: int
    gpus: list[str]
    """As `CUDA_VISIBLE_DEVICES` names them; processes take them in turn. Empty: the CPU."""

    @classmethod
    def make(cls, kind: Kind, settings: Settings, gpu: int | None = None) -> WorkerPlan:
        """The plan of a worker on this machine.

        Args:
            kind: what it does.
            settings: how many processes and which GPUs.
            gpu: one process on this GPU.

        Raises:
            InputError: `gpu_missing`.
        """
        if kind == "webhooks":
            return cls(kind, _DELIVERIES_AT_ONCE, [])
        gpus = choose_gpus(settings, gpu)
        if gpu is not None:
            return cls(kind, 1, gpus)
        wanted = settings.segment_workers if kind == "segment" else settings.train_workers
        return cls(kind, wanted or max(1, len(gpus)), gpus)

    @classmethod
    def from_environment(cls) -> WorkerPlan:
        """What `to_environment` of the parent wrote."""
        return cls(**json.loads(os.environ[_VARIABLE]))

    def to_environment(self) -> None:
        """Hand the plan to processes that are started from now on."""
        os.environ[_VARIABLE] = json.dumps(asdict(self))
