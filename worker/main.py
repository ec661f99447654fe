"""Start a worker: a Celery parent process and its pool."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any

import structlog
from celery.signals import worker_shutting_down

from ctvos_jobs.celery_app import make_celery
from ctvos_jobs.logs import configure_logging
from ctvos_jobs.settings import Settings
from worker.plan import Kind, WorkerPlan
from worker.tasks import STOP_SIGNAL

_log = structlog.get_logger(__name__)


def run_worker(kind: Kind, settings: Settings, gpu: int | None = None) -> int:
    """Work until a signal says to stop: SIGTERM or SIGINT give running jobs back and end it.

    Processes of the pool read the settings from the environment, as this one did.

    Args:
        kind: which queue to take from.
        settings: as loaded from the environment.
        gpu: one process on this GPU; None: as many as the settings say.

    Returns:
        The exit status.

    Raises:
        InputError: `gpu_missing`.
    """
    configure_logging(settings)
    plan = WorkerPlan.make(kind, settings, gpu)
    plan.to_environment()
    celery = make_celery(settings)
    celery.conf.update(
        include=["worker.tasks"],
        # A job holds its row, not its message: it goes on while Redis is away.
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    worker = celery.Worker(
        hostname=f"{kind}-{os.getpid()}@{socket.gethostname()}",
        queues=[kind],
        concurrency=plan.processes,
        pool="prefork",
        quiet=True,
        without_mingle=True,
    )

    def stop_jobs(**_: Any) -> None:
        # Celery waits for tasks to end; jobs take too long for that.
        for process in worker.pool.info["processes"]:
            with suppress(ProcessLookupError):
                os.kill(process, STOP_SIGNAL)

    worker_shutting_down.connect(stop_jobs, weak=False)
    device = ", ".join(plan.gpus) or "no GPU: the CPU is used"
    _log.info("worker_started", kind=kind, processes=plan.processes, device=device)
    worker.start()
    return int(worker.exitcode or 0)
