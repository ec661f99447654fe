"""One job from its claim to its end, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from ctvos_core.errors import InputError
from ctvos_jobs import events, lifecycle
from ctvos_jobs.logs import job_logging
from ctvos_jobs.tables import Job
from worker import job_memory
from worker.context import WorkerContext
from worker.outcome import Runner
from worker.stopping import Cancelled, DeadlineExceeded, Superseded, WorkerStopping
from worker.watch import JobWatch

_log = structlog.get_logger(__name__)


def run_job(context: WorkerContext, job_id: str) -> None:
    """Run a job if it is to be had: afterwards it has ended, or waits for another attempt.

    Does nothing where another worker has the job or it has ended already. `SystemExit`, by which
    the pool ends a process, gives the job back and goes through.
    """
    with job_logging(job_id):
        settings = context.settings
        with context.database.session() as session:
            job = lifecycle.claim(session, job_id, context.owner, settings.lease_seconds)
        if job is None:
            _log.info("job_not_claimed")
            return
        _log.info("job_started", kind=job.kind, attempt=job.attempt)
        _publish_status(context, job_id)
        try:
            end = _attempt(context, job)
        except SystemExit:
            _end(context, job, _give_back(job))
            raise
        _end(context, job, end)
        job_memory.release()


End = Callable[[Session], str]
"""Writes how an attempt ended, and says it in a word."""


def _attempt(context: WorkerContext, job: Job) -> End:
    seconds = context.settings.job_deadline_seconds
    if job.kind == "train":
        seconds = context.settings.train_deadline_seconds
    try:
        with JobWatch(context, job, seconds) as watch:
            outcome = _runner(job.kind)(context, watch)
    except Superseded:
        return lambda session: "superseded"
    except Cancelled:
        return _ended(job, "cancelled", lifecycle.finish_cancelled)
    except WorkerStopping:
        return _give_back(job)
    except DeadlineExceeded as error:
        return _failed(job, "deadline_exceeded", f"It took longer than it may: {error}.")
    except InputError as error:
        return _failed(job, error.code, context.without_folders(str(error)))
    except Exception as error:
        if job_memory.is_out_of_memory(error):
            _log.error("out_of_memory", error=str(error))
            return _failed(
                job, "out_of_memory", "Memory ran out, also with frames scaled to a smaller size."
            )
        _log.exception("attempt_failed")
        detail = f"The worker failed unexpectedly: {type(error).__name__}; its log has more."
        return _failed(job, "internal_error", detail, retryable=True)
    return lambda session: (
        "succeeded"
        if lifecycle.succeed(
            session, job.id, job.attempt, outcome.result.to_row(), outcome.model_digest
        )
        else "superseded"
    )


def _runner(kind: str) -> Runner:
    # Segmentation needs torch, which the workers of other queues do without.
    if kind == "segment":
        from worker.segment_job import segment

        return segment
    from worker.train_job import train

    return train


def _failed(job: Job, code: str, detail: str, retryable: bool = False) -> End:
    return lambda session: lifecycle.fail(session, job.id, job.attempt, code, detail, retryable)


def _give_back(job: Job) -> End:
    return _ended(job, "requeued", lifecycle.requeue)


def _ended(job: Job, word: str, write: Callable[[Session, str, int], bool]) -> End:
    return lambda session: word if write(session, job.id, job.attempt) else "superseded"


def _end(context: WorkerContext, job: Job, end: End) -> None:
    with context.database.session() as session:
        word = end(session)
    _log.info("job_ended", end=word)
    if word == "superseded":
        return
    _publish_status(context, job.id)
    if word == "succeeded":
        for earlier in range(1, job.attempt):
            context.store.delete(f"jobs/{job.id}/{earlier}")


def _publish_status(context: WorkerContext, job_id: str) -> None:
    with context.database.reading() as session:
        job = lifecycle.get(session, job_id)
    if job is not None:
        events.publish(context.redis, job_id, "status", lifecycle.public(job))
