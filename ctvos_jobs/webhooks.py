"""Webhooks: messages to clients' servers, signed as Standard Webhooks, tried for a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ctvos_core.errors import InputError
from ctvos_jobs.database import Database, now
from ctvos_jobs.guarded_post import guarded_post
from ctvos_jobs.outbox import Message, enqueue
from ctvos_jobs.settings import Settings
from ctvos_jobs.tables import WebhookDelivery, new_id

_PREFIX = "whsec_"
_BACKOFF_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
"""Waits between the tries: the last is a day after the first."""
_GONE = 410
_IN_FLIGHT = timedelta(minutes=2)
"""A try that has said nothing for so long has died."""

Outcome = Literal["delivered", "retrying", "failed", "skipped"]


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header of a message.

    Args:
        secret: `whsec_` and base64.
        message_id: the `webhook-id` header.
        timestamp: the `webhook-timestamp` header, in seconds since 1970.
        body: as sent.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signing_secret(settings: Settings) -> str:
    """The secret that receivers check signatures with: from the settings, else the data folder's.

    Workers on several hosts have a data folder each, so there it must be in the settings.
    """
    if settings.webhook_secret is not None:
        return settings.webhook_secret.get_secret_value()
    return _secret_file(settings.data_dir / "webhook_secret")


def schedule(
    session: Session, *, job_id: str, url: str, event: str, data: dict[str, Any], at: datetime
) -> WebhookDelivery:
    """Write a message, to be sent once this is committed.

    Args:
        session: a writing one.
        job_id: what it is about.
        url: where it goes.
        event: its type, such as `job.succeeded`.
        data: the job as clients see it.
        at: the time now.
    """
    body = {"type": event, "timestamp": at, "data": data}
    delivery = WebhookDelivery(
        id=new_id(),
        job_id=job_id,
        url=url,
        event=event,
        body=json.dumps(body, default=datetime.isoformat, separators=(",", ":")),
        status="pending",
        next_attempt_at=at,
        created_at=at,
    )
    session.add(delivery)
    _send_to_queue(session, delivery.id, at, due=at)
    return delivery


def deliver(database: Database, settings: Settings, delivery_id: str) -> Outcome:
    """Try once to deliver a message, and record how it went.

    `skipped`: not due, already delivered or given up, or somebody else is at it.
    """
    delivery = _take(database, delivery_id)
    if delivery is None:
        return "skipped"
    body = delivery.body.encode()
    timestamp = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "ctvos-webhooks",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(signing_secret(settings), delivery.id, timestamp, body),
    }
    status_code = error = None
    started = time.monotonic()
    try:
        status_code = guarded_post(
            delivery.url, body, headers, allow_private=settings.webhook_allow_private
        )
    except (InputError, httpx.HTTPError) as raised:
        error = f"{type(raised).__name__}: {raised}"
    return _record(database, delivery_id, status_code, error, time.monotonic() - started)


def list_deliveries(session: Session, job_id: str) -> Sequence[WebhookDelivery]:
    """What was or will be sent about a job, oldest first, with every try."""
    query = select(WebhookDelivery).where(WebhookDelivery.job_id == job_id)
    return session.scalars(query.order_by(WebhookDelivery.created_at, WebhookDelivery.id)).all()


def redeliver(session: Session, delivery_id: str) -> bool:
    """Send a message once more, now, whatever became of it; False: there is no such message."""
    delivery = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None:
        return False
    at = now(session)
    delivery.status, delivery.attempts, delivery.next_attempt_at = "pending", 0, at
    _send_to_queue(session, delivery_id, at, due=at)
    return True


def send_overdue(session: Session, at: datetime) -> int:
    """Send again what is long due; returns how many.

    Its message was lost, or the try was killed: a receiver may answer so slowly that it comes to
    that every time.
    """
    lost = session.scalars(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.status == "pending", WebhookDelivery.next_attempt_at < at - _IN_FLIGHT
        )
        .with_for_update(skip_locked=True)
    ).all()
    for delivery in lost:
        if delivery.attempts > len(_BACKOFF_SECONDS):
            delivery.status, delivery.next_attempt_at = "failed", None
            continue
        delivery.next_attempt_at = at
        _send_to_queue(session, delivery.id, at, due=at)
    return len(lost)


def _take(database: Database, delivery_id: str) -> WebhookDelivery | None:
    with database.session() as session:
        at = now(session)
        return session.scalars(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.id == delivery_id,
                WebhookDelivery.status == "pending",
                WebhookDelivery.next_attempt_at <= at,
            )
            .values(attempts=WebhookDelivery.attempts + 1, next_attempt_at=at + _IN_FLIGHT)
            .returning(WebhookDelivery),
            execution_options={"synchronize_session": False},
        ).one_or_none()


def _record(
    database: Database, delivery_id: str, status_code: int | None, error: str | None, took: float
) -> Outcome:
    with database.session() as session:
        delivery = session.get_one(WebhookDelivery, delivery_id, with_for_update=True)
        at = now(session)
        this_try = {"status_code": status_code, "error": error, "seconds": round(took, 3)}
        delivery.tries = [*delivery.tries, {"at": at.isoformat(), **this_try}]
        if status_code is not None and 200 <= status_code < 300:
            delivery.status, delivery.delivered_at = "delivered", at
            delivery.next_attempt_at = None
            return "delivered"
        if status_code == _GONE or delivery.attempts > len(_BACKOFF_SECONDS):
            delivery.status, delivery.next_attempt_at = "failed", None
            return "failed"
        # Jobs that finish together do not come back together.
        wait = _BACKOFF_SECONDS[delivery.attempts - 1] * (1 + secrets.randbelow(100) / 1000)
        delivery.next_attempt_at = at + timedelta(seconds=wait)
        _send_to_queue(session, delivery_id, at, due=delivery.next_attempt_at)
        return "retrying"


def _send_to_queue(session: Session, delivery_id: str, at: datetime, *, due: datetime) -> None:
    message = Message("webhooks", "ctvos.webhook", (delivery_id,))
    enqueue(session, message, subject=delivery_id, at=at, not_before=due)


def _secret_file(path: Path) -> str:
    """The content of the file, which is made if need be: by one of several processes."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # mode 0600
            file.write(_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode())
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text("ascii").strip()
