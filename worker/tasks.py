"""Celery's side of a worker process: what it does at its start, per message, and at its end."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

import billiard  # type: ignore[import-untyped]
import structlog
from celery import shared_task
from celery.exceptions import Reject
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from ctvos_core.errors import InputError
from ctvos_jobs.logs import configure_logging
from ctvos_jobs.settings import load_settings
from ctvos_jobs.webhooks import deliver
from worker.context import WorkerContext, open_context
from worker.plan import WorkerPlan, pin
from worker.presence import Presence
from worker.run_job import run_job

STOP_SIGNAL = signal.SIGUSR2
"""Tells a process of the pool to give its job back; Celery's own signals mean other things."""
_log = structlog.get_logger(__name__)


@dataclass
class _Process:
    context: WorkerContext
    presence: Presence


_process: _Process | None = None


@shared_task(name="ctvos.segment")
def segment(job_id: str) -> None:
    """Run a segmentation."""
    _run(job_id)


@shared_task(name="ctvos.train")
def train(job_id: str) -> None:
    """Run a training."""
    _run(job_id)


@shared_task(name="ctvos.webhook")
def webhook(delivery_id: str) -> None:
    """Deliver a message to a client's server."""
    assert _process is not None
    deliver(_process.context.database, _process.context.settings, delivery_id)


def _run(job_id: str) -> None:
    assert _process is not None
    if _process.context.stopping.is_set():
        raise Reject("the worker stops", requeue=True)
    _process.presence.busy_with(job_id)
    try:
        run_job(_process.context, job_id)
    finally:
        _process.presence.busy_with(None)


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    # Celery leaves logging alone where this signal has a receiver.
    configure_logging(load_settings())


@worker_process_init.connect
def _start(**_: Any) -> None:
    global _process
    settings, plan = load_settings(), WorkerPlan.from_environment()
    configure_logging(settings)
    slot = billiard.current_process().index
    gpu = pin(slot, plan.gpus, plan.processes)
    context = open_context(settings)
    signal.signal(STOP_SIGNAL, lambda *_: context.stopping.set())
    presence = Presence(context.redis, plan.kind, context.owner, gpu)
    _process = _Process(context, presence)
    _log.info(
        "process_started", kind=plan.kind, pid=os.getpid(), gpu=gpu or "none, the CPU is used"
    )
    if plan.kind == "segment":
        _load_model(context)
    presence.start()


def _load_model(context: WorkerContext) -> None:
    """Ready before the first job. One that cannot be loaded is the matter of jobs that need it."""
    try:
        context.models.get()
    except InputError as error:
        _log.error("model_not_loaded", error=str(error))


@worker_process_shutdown.connect
def _stop(**_: Any) -> None:
    if _process is not None:
        _process.presence.stop()
        _process.context.close()
