"""Webhook deliveries as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from ctvos_jobs.tables import WebhookDelivery


class WebhookTry(BaseModel):
    """One try to deliver."""

    at: datetime
    status_code: int | None
    error: str | None
    seconds: float


class DeliveryView(BaseModel):
    """One webhook message and what became of it."""

    id: str
    url: str
    event: str
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    tries: list[WebhookTry]
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "DeliveryView":
        """From its row."""
        return cls.model_validate(delivery, from_attributes=True)


class DeliveryList(BaseModel):
    """Webhook messages of a job, oldest first."""

    deliveries: list[DeliveryView]
