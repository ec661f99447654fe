"""Which processes a worker has, and which GPU each may see.

Decided before torch is imported, so torch has no part in it. Processes of the pool are fresh
interpreters, which read the plan from the environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from ctvos_core.errors import InputError
from ctvos_jobs.settings import Settings

Kind = Literal["segment", "train", "webhooks"]
_PLAN = "CTVOS_WORKER_PLAN"
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_THREADS = "OMP_NUM_THREADS"
_QUERY = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
_QUERY_SECONDS = 30
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
        return cls(**json.loads(os.environ[_PLAN]))

    def to_environment(self) -> None:
        """Hand the plan to processes that are started from now on."""
        os.environ[_PLAN] = json.dumps(asdict(self))


def choose_gpus(settings: Settings, gpu: int | None = None) -> list[str]:
    """The GPUs that a worker uses, as `CUDA_VISIBLE_DEVICES` names them; none: the CPU.

    Args:
        settings: `device` and `gpus` narrow the choice.
        gpu: only this one, counted from 0 among those of the machine.

    Raises:
        InputError: `gpu_missing`.
    """
    if settings.device == "cpu" or settings.gpus == "none":
        return []
    found = _gpus()
    if gpu is not None:
        wanted = [gpu]
    elif settings.gpus in ("auto", "all"):
        return found
    else:
        wanted = [int(number) for number in settings.gpus.split(",")]
    missing = [number for number in wanted if number >= len(found)]
    if missing:
        raise InputError(
            "gpu_missing", f"GPU {missing[0]}: expected one of the {len(found)} of this machine"
        )
    return [found[number] for number in wanted]


def pin(slot: int, gpus: Sequence[str], processes: int) -> str | None:
    """Restrict this process to the GPU of its slot and to its share of the processor.

    Args:
        slot: which of the worker's processes this is, from 0.
        gpus: as from `choose_gpus`.
        processes: how many the worker has.

    Returns:
        The GPU; None: the process runs on the CPU.
    """
    gpu = gpus[slot % len(gpus)] if gpus else None
    os.environ[_VISIBLE] = gpu or ""
    cores = len(os.sched_getaffinity(0))
    os.environ.setdefault(_THREADS, str(max(1, cores // processes)))
    return gpu


def _gpus() -> list[str]:
    visible = os.environ.get(_VISIBLE)
    if visible is not None:
        return [name for name in visible.split(",") if name and name != "-1"]
    if shutil.which(_QUERY[0]) is None:
        return []
    try:
        told = subprocess.run(
            _QUERY, capture_output=True, text=True, timeout=_QUERY_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []  # a driver without a device says so by failing
    return [line.strip() for line in told.stdout.splitlines() if line.strip()]
