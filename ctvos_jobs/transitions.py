"""Changes of a job's row that its owner, its worker and the reaper share.

Each wants the row locked, as `locked` returns it or a query with `with_for_update` does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ctvos_jobs import webhooks
from ctvos_jobs.database import now
from ctvos_jobs.job_view import public
from ctvos_jobs.outbox import Message, enqueue
from ctvos_jobs.tables import TERMINAL, Job


def locked(session: Session, job_id: str) -> Job | None:
    """The job as it is now, locked until the session ends; None: no such job."""
    return session.get(Job, job_id, with_for_update=True, populate_existing=True)


def settle(session: Session, job: Job, status: str, at: datetime) -> None:
    """Put a job into a final state; the client's server, if it wants to, gets to know."""
    job.status = status
    job.phase = job.owner = job.lease_until = None
    job.finished_at = at
    job.expires_at = at + timedelta(hours=job.retention_hours)
    url = job.request.get("webhook_url")
    if url and not job.deleted:
        webhooks.schedule(
            session, job_id=job.id, url=url, event=f"job.{status}", data=public(job), at=at
        )


def put_back(session: Session, job: Job, at: datetime) -> None:
    """Let a job wait for another attempt."""
    job.status = "queued"
    job.phase = job.owner = job.lease_until = None
    job.queued_at = at
    send_to_queue(session, job, at)


def send_to_queue(session: Session, job: Job, at: datetime) -> None:
    """Write the message that brings a job to a worker."""
    job.enqueued_at = at
    enqueue(session, Message(job.kind, f"ctvos.{job.kind}", (job.id,)), subject=job.id, at=at)


def cancel(session: Session, job: Job) -> None:
    """Cancel a job that waits; ask the worker of one that runs."""
    if job.status in TERMINAL:
        return
    job.cancel_requested = True
    if job.status == "queued":
        settle(session, job, "cancelled", now(session))
