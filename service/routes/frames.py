"""Drafts, and single frames of drafts and jobs: for who draws masks and looks at them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from service.dependencies import Caller, Context, JobId
from service.frame_views import DraftView, JobFrames
from service.openapi import DRAFT_BODY, binary
from service.problems import responses
from service.services import frames
from service.services.drafts import require_draft, store_draft
from service.services.jobs import require_job

router = APIRouter(tags=["frames"])
DraftId = Annotated[str, Path(description="A draft's id.", min_length=1, max_length=64)]
FrameNumber = Annotated[int, Path(ge=0, le=2**31, description="Counted from 0.")]
_IMAGE: dict[int | str, dict[str, Any]] = {
    200: binary("The frame, as it is displayed.", "image/jpeg")
}
_FRAMES_NEVER_CHANGE = {"Cache-Control": "private, max-age=3600", "Vary": "Authorization"}


@router.post(
    "/drafts",
    operation_id="addDraft",
    status_code=201,
    openapi_extra=DRAFT_BODY,
    responses={
        201: {
            "description": "The video is kept for a day.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        **responses(408, 413, 415, 507),
    },
)
async def add_draft(
    request: Request, response: Response, context: Context, caller: Caller
) -> DraftView:
    """Upload a video by itself, to draw masks on its frames before `POST /segment`."""
    draft = await store_draft(context, caller, request)
    response.headers["Location"] = f"/drafts/{draft.id}"
    return DraftView.of(draft)


@router.get("/drafts/{draft_id}", operation_id="getDraft", responses=responses(404))
def get_draft(context: Context, caller: Caller, draft_id: DraftId) -> DraftView:
    """One draft."""
    return DraftView.of(require_draft(context, caller, draft_id))


@router.delete(
    "/drafts/{draft_id}", operation_id="deleteDraft", status_code=204, responses=responses(404)
)
def delete_draft(context: Context, caller: Caller, draft_id: DraftId) -> None:
    """Delete a draft before its day is over; jobs that were made from it stay."""
    context.store.delete(f"uploads/{require_draft(context, caller, draft_id).id}")


@router.get(
    "/drafts/{draft_id}/frames/{frame}",
    operation_id="getDraftFrame",
    response_class=Response,
    responses={**_IMAGE, **responses(404, 410)},
)
async def get_draft_frame(
    context: Context, caller: Caller, draft_id: DraftId, frame: FrameNumber
) -> Response:
    """Exactly this frame of a draft."""
    draft = await run_in_threadpool(require_draft, context, caller, draft_id)
    return _image(await frames.draft_frame(context, draft, frame))


@router.get("/jobs/{job_id}/frames", operation_id="getJobFrames", responses=responses(404))
def get_job_frames(context: Context, caller: Caller, job_id: JobId) -> JobFrames:
    """The video of a segmentation, the masks that were given for it, and frames worth a look."""
    return JobFrames.of(require_job(context, caller, job_id))


@router.get(
    "/jobs/{job_id}/frames/{frame}",
    operation_id="getJobFrame",
    response_class=Response,
    responses={**_IMAGE, **responses(404, 410)},
)
async def get_job_frame(
    context: Context, caller: Caller, job_id: JobId, frame: FrameNumber
) -> Response:
    """Exactly this frame of the video of a segmentation."""
    job = await run_in_threadpool(require_job, context, caller, job_id)
    return _image(await frames.job_frame(context, job, frame))


def _image(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers=_FRAMES_NEVER_CHANGE)
