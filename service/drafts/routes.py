"""Drafts and their frames: for who draws masks before there is a job."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from service.dependencies import Caller, Context, FrameNumber
from service.drafts.schemas import DraftView
from service.drafts.service import draft_frame, require_draft, store_draft
from service.http.frame_images import FRAME_RESPONSE, frame_response
from service.http.openapi import DRAFT_BODY
from service.http.problems import responses

router = APIRouter(tags=["frames"])
DraftId = Annotated[str, Path(description="A draft's id.", min_length=1, max_length=64)]


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
    responses={**FRAME_RESPONSE, **responses(404, 410)},
)
async def get_draft_frame(
    context: Context, caller: Caller, draft_id: DraftId, frame: FrameNumber
) -> Response:
    """Exactly this frame of a draft."""
    draft = await run_in_threadpool(require_draft, context, caller, draft_id)
    return frame_response(await draft_frame(context, draft, frame))
