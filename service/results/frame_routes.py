"""Frames of the video of a segmentation: for who looks at masks and draws more."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from service.dependencies import Caller, Context, FrameNumber, JobId
from service.http.frame_images import FRAME_RESPONSE, frame_response
from service.http.problems import responses
from service.jobs.service import require_job
from service.results import frames
from service.results.schemas import JobFrames

router = APIRouter(tags=["frames"])


@router.get("/jobs/{job_id}/frames", operation_id="getJobFrames", responses=responses(404))
def get_job_frames(context: Context, caller: Caller, job_id: JobId) -> JobFrames:
    """The video of a segmentation, the masks that were given for it, and frames worth a look."""
    return JobFrames.of(require_job(context, caller, job_id))


@router.get(
    "/jobs/{job_id}/frames/{frame}",
    operation_id="getJobFrame",
    response_class=Response,
    responses={**FRAME_RESPONSE, **responses(404, 410)},
)
async def get_job_frame(
    context: Context, caller: Caller, job_id: JobId, frame: FrameNumber
) -> Response:
    """Exactly this frame of the video of a segmentation."""
    job = await run_in_threadpool(require_job, context, caller, job_id)
    return frame_response(await frames.job_frame(context, job, frame))
