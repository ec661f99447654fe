"""Jobs: looking at them, cancelling and deleting them."""

from fastapi import APIRouter, Response

from ctvos_jobs import lifecycle
from service.dependencies import Caller, Context, Cursor, JobId, Limit, Prefer
from service.http.problems import responses
from service.jobs import service as jobs
from service.jobs.responses import with_retry_after
from service.jobs.schemas import JobKind, JobPage, JobStatus, JobView

router = APIRouter(tags=["jobs"])


@router.get("/jobs", operation_id="listJobs", responses=responses())
def list_jobs(
    context: Context,
    caller: Caller,
    status: JobStatus | None = None,
    kind: JobKind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobPage:
    """Jobs, newest first."""
    with context.database.reading() as session:
        found, following = lifecycle.list_jobs(
            session,
            key_id=jobs.owner(caller),
            status=status,
            kind=kind,
            limit=limit,
            cursor=cursor,
        )
    return JobPage(jobs=[jobs.view(job) for job in found], next_cursor=following)


@router.get("/jobs/{job_id}", operation_id="getJob", responses=responses(404))
async def get_job(
    response: Response, context: Context, caller: Caller, job_id: JobId, prefer: Prefer = None
) -> JobView:
    """One job."""
    seconds = jobs.preferred_wait(prefer)
    if seconds is None:
        job = await jobs.read_job(context, caller, job_id)
    else:
        job = await jobs.wait_for_end(context, caller, job_id, seconds)
        response.headers["Preference-Applied"] = f"wait={seconds:g}"
    return with_retry_after(response, job)


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancelJob",
    status_code=202,
    responses=responses(404),
)
def cancel_job(response: Response, context: Context, caller: Caller, job_id: JobId) -> JobView:
    """Cancel a job: at once if it waits, within a frame if it runs; finished ones stay."""
    return with_retry_after(response, jobs.cancel(context, caller, job_id))


@router.delete(
    "/jobs/{job_id}", operation_id="deleteJob", status_code=204, responses=responses(404)
)
def delete_job(context: Context, caller: Caller, job_id: JobId) -> None:
    """Cancel a job if need be, and delete it with all its files."""
    jobs.delete(context, caller, job_id)
