"""The delivery log of a job's webhooks."""

from fastapi import APIRouter

from ctvos_jobs import webhooks
from service.dependencies import Caller, Context, JobId
from service.http.problems import not_found, responses
from service.jobs.service import require_job
from service.webhooks.schemas import DeliveryList, DeliveryView

router = APIRouter(tags=["webhooks"])


@router.get("/jobs/{job_id}/webhooks", operation_id="listWebhooks", responses=responses(404))
def list_webhooks(context: Context, caller: Caller, job_id: JobId) -> DeliveryList:
    """What was sent about a job, and every try."""
    require_job(context, caller, job_id)
    with context.database.reading() as session:
        found = webhooks.list_deliveries(session, job_id)
    return DeliveryList(deliveries=[DeliveryView.of(delivery) for delivery in found])


@router.post(
    "/jobs/{job_id}/webhooks/{delivery_id}/redeliver",
    operation_id="redeliverWebhook",
    status_code=202,
    responses=responses(404),
)
def redeliver(context: Context, caller: Caller, job_id: JobId, delivery_id: str) -> DeliveryView:
    """Send a message once more, whatever became of it."""
    require_job(context, caller, job_id)
    with context.database.session() as session:
        found = {delivery.id: delivery for delivery in webhooks.list_deliveries(session, job_id)}
        if delivery_id not in found or not webhooks.redeliver(session, delivery_id):
            raise not_found("webhook", delivery_id)
        view = DeliveryView.of(found[delivery_id])
    context.relay.poke()
    return view
