"""Whether the service lives, works, and how much it takes."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.dependencies import Caller, Context
from service.health.schemas import Health, Limits, Readiness
from service.health.service import check_readiness
from service.http.openapi import binary
from service.http.problems import responses

router = APIRouter(tags=["operation"])


@router.get("/healthz", operation_id="health", responses=responses())
async def health() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", operation_id="readiness", responses=responses())
async def readiness(context: Context) -> Readiness:
    """Jobs sent now would be run; 503 names what is in the way."""
    return Readiness(checks=await check_readiness(context))


@router.get("/limits", operation_id="limits", responses=responses())
async def limits(context: Context, caller: Caller) -> Limits:
    """How much of everything this server takes."""
    return Limits.model_validate(context.settings, from_attributes=True)


@router.get(
    "/metrics",
    operation_id="prometheusMetrics",
    response_class=Response,
    responses={200: binary("Prometheus text.", "text/plain"), **responses()},
)
def metrics(context: Context, caller: Caller) -> Response:
    """Figures for Prometheus."""
    content = generate_latest(context.meters.registry)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
