"""`POST /segment` and corrections."""

from fastapi import APIRouter, Request, Response

from service.dependencies import Caller, Context, IdempotencyKey, JobId, Prefer
from service.http.openapi import CORRECTION_BODY, SEGMENT_BODY
from service.http.problems import responses
from service.jobs.responses import ACCEPTED, accepted
from service.jobs.schemas import JobView
from service.segment.corrections import submit_correction
from service.segment.service import submit_segmentation

router = APIRouter(tags=["segmentation"])


@router.post(
    "/segment",
    operation_id="segment",
    status_code=202,
    response_model=JobView,
    openapi_extra=SEGMENT_BODY,
    responses={202: ACCEPTED, **responses(408, 409, 410, 413, 415, 429, 507)},
)
async def segment(
    request: Request,
    response: Response,
    context: Context,
    caller: Caller,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> JobView:
    """Segment the objects that masks show, in every frame of a video."""
    job = await submit_segmentation(context, caller, request, idempotency_key)
    return await accepted(request, response, context, job, prefer)


@router.post(
    "/jobs/{job_id}/corrections",
    operation_id="correctJob",
    status_code=202,
    response_model=JobView,
    openapi_extra=CORRECTION_BODY,
    responses={202: ACCEPTED, **responses(404, 408, 409, 410, 413, 415, 429, 507)},
)
async def correct(
    request: Request,
    response: Response,
    context: Context,
    caller: Caller,
    job_id: JobId,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> JobView:
    """Segment again with more masks: a new job, which keeps the frames that they do not touch."""
    job = await submit_correction(context, caller, job_id, request, idempotency_key)
    return await accepted(request, response, context, job, prefer)
