"""How much each API key uses, for quotas."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ctvos_jobs.tables import Job, Video


def unfinished_jobs(session: Session, key_id: str | None) -> int:
    """Jobs that wait or run."""
    query = select(func.count()).where(
        Job.key_id.is_not_distinct_from(key_id), Job.status.in_(["queued", "running"])
    )
    return session.scalars(query).one()


def stored_bytes(session: Session, key_id: str | None) -> int:
    """Bytes of videos and of the files of jobs."""
    return sum(
        int(session.scalars(select(func.coalesce(func.sum(size), 0)).where(owner)).one())
        for size, owner in (
            (Job.stored_bytes, Job.key_id.is_not_distinct_from(key_id)),
            (Video.bytes, Video.key_id.is_not_distinct_from(key_id)),
        )
    )
