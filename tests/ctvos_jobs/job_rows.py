"""Looking at and changing the rows of jobs, past the rules."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ctvos_jobs.database import Database
from ctvos_jobs.tables import Job

NewJob = Callable[..., Job]
"""The fixture `new_job`: adds a job with these fields."""


def change(database: Database, job_id: str, **values: object) -> None:
    """Set columns of a job, whatever the rules are."""
    with database.session() as session:
        job = session.get_one(Job, job_id)
        for name, value in values.items():
            setattr(job, name, value)


def row(database: Database, job_id: str) -> Job:
    """The job as it is now."""
    with database.reading() as session:
        return session.get_one(Job, job_id)


def ago(**units: float) -> datetime:
    return datetime.now(UTC) - timedelta(**units)
