"""Jobs as one principal may see and change them."""

import asyncio
import re
import time

import redis

from ctvos_jobs import events, lifecycle
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.tables import TERMINAL, Job
from service.context import ServiceContext
from service.http.problems import Problem, not_found
from service.jobs.schemas import JobView

MAX_WAIT_SECONDS = 60
_LOOK_SECONDS = 2.0


def view(job: Job) -> JobView:
    """What a client gets to see."""
    return JobView.model_validate(lifecycle.public(job))


def owner(principal: Principal) -> str | None:
    """Whose things a principal sees; None: everyone's."""
    return None if principal.admin else principal.key_id


def require_job(context: ServiceContext, principal: Principal, job_id: str) -> Job:
    """A job, or 404 when there is none or it is another key's."""
    with context.database.reading() as session:
        job = lifecycle.get(session, job_id, owner(principal))
    if job is None:
        raise not_found("job", job_id)
    return job


def require_kind(job: Job, kind: str) -> None:
    """Raise 404 for what jobs of another kind have."""
    if job.kind != kind:
        raise Problem(
            404, "output_not_requested", f"expected a {kind} job, this one is a {job.kind} job"
        )


async def read_job(context: ServiceContext, principal: Principal, job_id: str) -> Job:
    """`require_job` for asyncio, and for many at once."""
    job = await context.jobs.get(job_id, owner(principal))
    if job is None:
        raise not_found("job", job_id)
    return job


def cancel(context: ServiceContext, principal: Principal, job_id: str) -> Job:
    """Ask for a job to be cancelled; one that has finished stays as it is."""
    require_job(context, principal, job_id)
    with context.database.session() as session:
        job = lifecycle.request_cancel(session, job_id)
    if job is None:
        raise not_found("job", job_id)
    context.relay.poke()
    context.announce(job)
    return job


def delete(context: ServiceContext, principal: Principal, job_id: str) -> None:
    """Cancel a job if need be, hide it, and delete its files."""
    require_job(context, principal, job_id)
    with context.database.session() as session:
        job = lifecycle.delete(session, job_id)
    if job is None:
        raise not_found("job", job_id)
    context.announce(job)
    # A worker that is still at it stops within a frame; what it writes until then goes later.
    context.store.delete(f"jobs/{job_id}")


def preferred_wait(prefer: str | None) -> float | None:
    """Seconds of `Prefer: wait=N`; None when there is none."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\b", prefer or "", re.IGNORECASE)
    return min(float(found[1]), MAX_WAIT_SECONDS) if found else None


async def wait_for_end(
    context: ServiceContext, principal: Principal, job_id: str, seconds: float
) -> Job:
    """The job once it has finished, or as it is after so many seconds."""
    deadline = time.monotonic() + seconds
    after: str | None = None
    while True:
        job = await read_job(context, principal, job_id)
        left = deadline - time.monotonic()
        if job.status in TERMINAL or left <= 0 or context.stopping.is_set():
            return job
        # Events only say when to look again: the row decides, even where one is lost.
        try:
            news = await events.aread(context.aredis, job_id, after, min(left, _LOOK_SECONDS))
        except redis.RedisError:
            await asyncio.sleep(min(left, _LOOK_SECONDS))
        else:
            after = news[-1].id if news else after
