"""The life of a job, as changes of its row.

`queued -> running -> succeeded | failed | cancelled`, and `expired` once its files are deleted.
Whoever runs a job holds it by a lease and by the number of the attempt: every later write carries
that number, so that a worker which lost the job can change nothing. Functions that change rows
want a session of `Database.session`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import and_, func, or_, update
from sqlalchemy.orm import Session

from ctvos_jobs import transitions
from ctvos_jobs.database import now
from ctvos_jobs.job_view import get, list_jobs, public
from ctvos_jobs.tables import Job, new_id

__all__ = [
    "claim",
    "delete",
    "fail",
    "finish_cancelled",
    "get",
    "heartbeat",
    "list_jobs",
    "new_job",
    "progress",
    "public",
    "request_cancel",
    "requeue",
    "succeed",
]


def new_job(
    session: Session,
    *,
    kind: Literal["segment", "train"],
    request: dict[str, Any],
    key_id: str | None = None,
    model: str | None = None,
    parent_id: str | None = None,
    max_attempts: int,
    retention_hours: float = 168,
    job_id: str | None = None,
) -> Job:
    """Insert a queued job, and the message that brings it to a worker once this is committed.

    Args:
        session: a writing one.
        kind: decides which workers may run it.
        request: what to do, as the workers understand it.
        key_id: whose job it is.
        model: name asked for; None: the one promoted when the job starts.
        parent_id: the job that this one corrects.
        max_attempts: how often it may be started before it fails.
        retention_hours: how long its files are kept once it has finished.
        job_id: an id made before (its files may lie under it already); None makes one.
    """
    at = now(session)
    job = Job(
        id=job_id or new_id(),
        kind=kind,
        status="queued",
        request=request,
        key_id=key_id,
        model=model,
        parent_id=parent_id,
        max_attempts=max_attempts,
        retention_hours=retention_hours,
        stored_bytes=int(request.get("video", {}).get("bytes") or 0),
        created_at=at,
        queued_at=at,
        enqueued_at=at,
    )
    session.add(job)
    transitions.send_to_queue(session, job, at)
    session.flush()
    return job


def claim(session: Session, job_id: str, owner: str, lease_seconds: float) -> Job | None:
    """Take a job that waits, or whose worker was lost, for a new attempt.

    Returns:
        The job with its attempt's number, or None when there is nothing to do: it has finished,
        another has it, it was cancelled, or it has no attempts left.
    """
    at = now(session)
    lost = and_(Job.status == "running", Job.lease_until < at)
    return session.scalars(
        update(Job)
        .where(
            Job.id == job_id,
            or_(Job.status == "queued", lost),
            Job.attempt < Job.max_attempts,
            Job.cancel_requested.is_(False),
            Job.deleted.is_(False),
        )
        .values(
            status="running",
            attempt=Job.attempt + 1,
            owner=owner,
            lease_until=at + timedelta(seconds=lease_seconds),
            started_at=func.coalesce(Job.started_at, at),
            phase=None,
            progress_done=0,
            progress_total=None,
            rate=None,
        )
        .returning(Job),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).one_or_none()


def heartbeat(
    session: Session, job_id: str, attempt: int, lease_seconds: float
) -> Literal["alive", "cancelled", "superseded"]:
    """Extend the lease; says whether the work is still wanted.

    `cancelled`: stop and call `finish_cancelled`. `superseded`: stop and change nothing.
    """
    job = _held(session, job_id, attempt)
    if job is None:
        return "superseded"
    job.lease_until = now(session) + timedelta(seconds=lease_seconds)
    return "cancelled" if job.cancel_requested else "alive"


def progress(
    session: Session,
    job_id: str,
    attempt: int,
    *,
    phase: str | None,
    done: int,
    total: int | None,
    rate: float | None,
) -> bool:
    """Record how far the attempt is; False if it was superseded.

    Args:
        session: a writing one.
        job_id: which job.
        attempt: as claimed.
        phase: what is being done.
        done: frames or steps.
        total: of `done`; None: unknown.
        rate: frames or steps per second.
    """
    job = _held(session, job_id, attempt)
    if job is None:
        return False
    job.phase, job.progress_done, job.progress_total, job.rate = phase, done, total, rate
    return True


def succeed(
    session: Session,
    job_id: str,
    attempt: int,
    result: dict[str, Any],
    model_digest: str | None,
) -> bool:
    """Finish well; False if the attempt was superseded.

    Args:
        session: a writing one.
        job_id: which job.
        attempt: as claimed.
        result: kept with the job; `bytes`, if it is there, counts as stored besides the input.
        model_digest: SHA-256 of the parameters used.
    """
    job = _held(session, job_id, attempt)
    if job is None:
        return False
    job.result = result
    job.model_digest = model_digest
    job.stored_bytes += int(result.get("bytes", 0))
    transitions.settle(session, job, "succeeded", now(session))
    return True


def fail(
    session: Session, job_id: str, attempt: int, code: str, detail: str, retryable: bool
) -> Literal["failed", "requeued", "superseded"]:
    """End an attempt with an error.

    With `retryable` and attempts left the job waits for the next one, unless its owner has asked to
    cancel it.
    """
    job = _held(session, job_id, attempt)
    if job is None:
        return "superseded"
    if retryable and job.attempt < job.max_attempts and not job.cancel_requested:
        transitions.put_back(session, job, now(session))
        return "requeued"
    job.error_code, job.error_detail, job.error_retryable = code, detail, retryable
    transitions.settle(session, job, "failed", now(session))
    return "failed"


def finish_cancelled(session: Session, job_id: str, attempt: int) -> bool:
    """End an attempt because of a cancellation; False if it was superseded."""
    job = _held(session, job_id, attempt)
    if job is None:
        return False
    transitions.settle(session, job, "cancelled", now(session))
    return True


def requeue(session: Session, job_id: str, attempt: int) -> bool:
    """Give a job back because the worker stops; False if the attempt was superseded.

    The attempt does not count. Its number is used up all the same, so one more is allowed.
    """
    job = _held(session, job_id, attempt)
    if job is None:
        return False
    job.max_attempts += 1
    transitions.put_back(session, job, now(session))
    return True


def request_cancel(session: Session, job_id: str) -> Job | None:
    """Cancel: at once if it waits, else by a flag that its worker reads at every frame.

    A job that has finished stays as it is. None: no such job.
    """
    job = transitions.locked(session, job_id)
    if job is not None:
        transitions.cancel(session, job)
    return job


def delete(session: Session, job_id: str) -> Job | None:
    """Cancel if need be, and hide the job; its files go with the reaper's next pass at the latest.

    Delete `jobs/<id>` from the store after the commit to free the space at once. None: no such job.
    """
    job = transitions.locked(session, job_id)
    if job is not None:
        transitions.cancel(session, job)
        job.deleted = True
    return job


def _held(session: Session, job_id: str, attempt: int) -> Job | None:
    """The job, locked, if this attempt still has it."""
    job = transitions.locked(session, job_id)
    return job if job and job.status == "running" and job.attempt == attempt else None
