"""`POST /train`."""

from fastapi import APIRouter, Request, Response

from service.dependencies import Caller, Context, IdempotencyKey, Prefer
from service.problems import responses
from service.routes.responses import ACCEPTED, accepted
from service.schemas import JobView, TrainRequest
from service.services.training import submit_training

router = APIRouter(tags=["training"])


@router.post(
    "/train",
    operation_id="train",
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
