"""`POST /train`, and the losses and pictures of a training run."""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from service.dependencies import Caller, Context, IdempotencyKey, JobId, Prefer
from service.http.openapi import binary
from service.http.problems import Problem, responses
from service.http.sending import send_file
from service.jobs.responses import ACCEPTED, accepted
from service.jobs.schemas import JobView
from service.jobs.service import require_job
from service.training import run_files
from service.training.schemas import MetricsView, PictureList, TrainRequest
from service.training.service import submit_training

router = APIRouter()


@router.post(
    "/train",
    operation_id="train",
    tags=["training"],
    status_code=202,
    response_model=JobView,
    responses={202: ACCEPTED, **responses(409, 410, 413, 429)},
)
async def train(
    request: Request,
    response: Response,
    context: Context,
    caller: Caller,
    order: TrainRequest,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> JobView:
    """Train a model on stored videos, without any labels."""
    job = await submit_training(context, caller, order, idempotency_key)
    return await accepted(request, response, context, job, prefer)


@router.get(
    "/jobs/{job_id}/metrics",
    operation_id="getTrainingMetrics",
    tags=["artifacts"],
    responses=responses(404, 410),
)
def get_metrics(context: Context, caller: Caller, job_id: JobId) -> MetricsView:
    """The losses of a training job so far."""
    job = require_job(context, caller, job_id)
    file = run_files.find_metrics(context, job)
    if file is None:
        return MetricsView(metrics=[])
    with context.store.open_read(file.key) as stream:
        return MetricsView(metrics=[json.loads(line) for line in stream if line.strip()])


@router.get(
    "/jobs/{job_id}/pictures",
    operation_id="listTrainingPictures",
    tags=["training"],
    responses=responses(404, 410),
)
def list_pictures(context: Context, caller: Caller, job_id: JobId) -> PictureList:
    """The steps of a training of which there is a picture so far."""
    return PictureList(steps=run_files.list_steps(context, require_job(context, caller, job_id)))


@router.get(
    "/jobs/{job_id}/pictures/{step}",
    operation_id="getTrainingPicture",
    tags=["training"],
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
    file = run_files.find_picture(context, job, step)
    if file is None:
        raise Problem(404, "picture_not_found", f"There is no picture of step {step}.")
    return send_file(request, context.store, file)
