"""Answers that several routes give."""

from fastapi import Request, Response

from ctvos_jobs.tables import TERMINAL, Job
from service.context import ServiceContext
from service.jobs import service as jobs
from service.jobs.schemas import JobView

_POLL_SECONDS = "2"

ACCEPTED = {
    "description": "The job is queued.",
    "headers": {
        "Location": {"description": "The job.", "schema": {"type": "string"}},
        "Retry-After": {
            "description": "Seconds until it is worth looking.",
            "schema": {"type": "string"},
        },
    },
}


async def accepted(
    request: Request, response: Response, context: ServiceContext, job: Job, prefer: str | None
) -> JobView:
    """Answer for a job that was made: 202 and where it is, after waiting if that is preferred."""
    seconds = jobs.preferred_wait(prefer)
    if seconds is not None:
        job = await jobs.wait_for_end(context, request.state.principal, job.id, seconds)
        response.headers["Preference-Applied"] = f"wait={seconds:g}"
    response.status_code = 202
    response.headers["Location"] = f"/jobs/{job.id}"
    response.headers["Retry-After"] = _POLL_SECONDS
    return jobs.view(job)


def with_retry_after(response: Response, job: Job) -> JobView:
    """A job, with a hint when to look again at one that has not finished."""
    if job.status not in TERMINAL:
        response.headers["Retry-After"] = _POLL_SECONDS
    return jobs.view(job)
