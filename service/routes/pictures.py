"""What a network makes of clips while it is trained, as pictures."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from service.dependencies import Caller, Context, JobId
from service.openapi import binary
from service.problems import Problem, responses
from service.sending import send_file
from service.services import pictures
from service.services.jobs import require_job

router = APIRouter(tags=["training"])


class PictureList(BaseModel):
    """The pictures of a training."""

    steps: list[int] = Field(description="Steps of which there is a picture, oldest first.")


@router.get(
    "/jobs/{job_id}/pictures",
    operation_id="listTrainingPictures",
    responses=responses(404, 410),
)
def list_pictures(context: Context, caller: Caller, job_id: JobId) -> PictureList:
    """The steps of a training of which there is a picture so far."""
    return PictureList(steps=pictures.list_steps(context, require_job(context, caller, job_id)))


@router.get(
    "/jobs/{job_id}/pictures/{step}",
    operation_id="getTrainingPicture",
    response_class=Response,
    responses={200: binary("The picture.", "image/png"), **responses(404, 410, 416)},
)
def get_picture(
    request: Request,
    context: Context,
    caller: Caller,
    job_id: JobId,
    step: Annotated[int, Path(ge=0, le=2**31)],
) -> Response:
    """Clips at a step of a training, a row each.

    In columns: a past frame, the current frame with its cutout, what the network makes of it, the
    tags, and the colours that it copies.
    """
    job = require_job(context, caller, job_id)
    file = pictures.find_picture(context, job, step)
    if file is None:
        raise Problem(404, "picture_not_found", f"There is no picture of step {step}.")
    return send_file(request, context.store, file)
