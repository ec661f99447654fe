"""What a job has made, as files."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from service.dependencies import Caller, Context, JobId
from service.http.openapi import binary
from service.http.problems import responses
from service.http.sending import send_file
from service.jobs.service import require_job
from service.results import service as results

router = APIRouter(tags=["artifacts"])


def _file_responses(*media_types: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: binary("The file.", *media_types),
        206: binary("The range that was asked for.", *media_types),
        304: {"description": "It is the one whose tag was sent."},
        **responses(404, 409, 410, 416),
    }


@router.get(
    "/jobs/{job_id}/masks",
    operation_id="getMasks",
    response_class=Response,
    responses=_file_responses("application/zip"),
)
def get_masks(request: Request, context: Context, caller: Caller, job_id: JobId) -> Response:
    """A zip with an indexed PNG for every frame."""
    return _send(request, context, caller, job_id, "masks")


@router.get(
    "/jobs/{job_id}/masks/{frame}",
    operation_id="getMask",
    response_class=Response,
    responses=_file_responses("image/png"),
)
def get_mask(
    request: Request,
    context: Context,
    caller: Caller,
    job_id: JobId,
    frame: Annotated[int, Path(ge=0, le=2**31)],
) -> Response:
    """The mask of one frame, counted from 0, as soon as it exists."""
    job = require_job(context, caller, job_id)
    return send_file(request, context.store, results.find_mask(context, job, frame))


@router.get(
    "/jobs/{job_id}/coco",
    operation_id="getCoco",
    response_class=Response,
    responses=_file_responses("application/json"),
)
def get_coco(request: Request, context: Context, caller: Caller, job_id: JobId) -> Response:
    """The masks as COCO run lengths."""
    return _send(request, context, caller, job_id, "coco")


@router.get(
    "/jobs/{job_id}/overlay",
    operation_id="getOverlay",
    response_class=Response,
    responses=_file_responses("video/mp4"),
)
def get_overlay(request: Request, context: Context, caller: Caller, job_id: JobId) -> Response:
    """The video with the masks drawn over it, H.264."""
    return _send(request, context, caller, job_id, "overlay")


@router.get(
    "/jobs/{job_id}/alpha",
    operation_id="getAlpha",
    response_class=Response,
    responses=_file_responses("video/webm"),
)
def get_alpha(request: Request, context: Context, caller: Caller, job_id: JobId) -> Response:
    """The objects cut out, VP9 with alpha."""
    return _send(request, context, caller, job_id, "alpha")


@router.get(
    "/jobs/{job_id}/confidence",
    operation_id="getConfidence",
    response_class=Response,
    responses=_file_responses("application/json"),
)
def get_confidence(request: Request, context: Context, caller: Caller, job_id: JobId) -> Response:
    """How sure each object of each frame is, and which frames are worth a look."""
    return _send(request, context, caller, job_id, "confidence")


def _send(request: Request, context: Context, caller: Caller, job_id: str, name: str) -> Response:
    job = require_job(context, caller, job_id)
    return send_file(request, context.store, results.find_artifact(context, job, name))
