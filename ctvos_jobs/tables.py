"""What the database holds. Times are aware datetimes in UTC."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Index, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
"""States that a job does not leave again, but for `expired`."""


def new_id() -> str:
    """A random id of 32 hexadecimal characters that nobody can guess."""
    return uuid.uuid4().hex


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime: SQLite keeps no zone, so UTC is stored and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a datetime without a zone, convert others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a datetime with a time zone, got {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, whatever the database returns."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class Job(Base):
    """One piece of work and all that is known of it; this row is the truth."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_newest", "created_at", "id"),
        Index("ix_jobs_key_newest", "key_id", "created_at", "id"),
        Index("ix_jobs_status_lease", "status", "lease_until"),
        Index("ix_jobs_expiry", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    """`segment` or `train`."""
    status: Mapped[str] = mapped_column(String(16))
    """`queued`, `running`, `succeeded`, `failed`, `cancelled` or `expired`."""
    phase: Mapped[str | None] = mapped_column(String(32))
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int | None]
    rate: Mapped[float | None]
    """Frames or steps per second."""

    attempt: Mapped[int] = mapped_column(default=0)
    """Goes up with each claim and never down: what an older one writes is refused by it."""
    max_attempts: Mapped[int]
    owner: Mapped[str | None] = mapped_column(String(255))
    lease_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)

    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(Text)
    error_retryable: Mapped[bool | None]

    model: Mapped[str | None] = mapped_column(String(64))
    """Name asked for; None: the one promoted when the job starts."""
    model_digest: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the parameters used."""
    request: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    key_id: Mapped[str | None] = mapped_column(String(32))
    parent_id: Mapped[str | None] = mapped_column(String(32))
    """The job that this one corrects."""

    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    """When it last came to wait for a worker."""
    enqueued_at: Mapped[datetime]
    """When its message was last written to the outbox."""
    started_at: Mapped[datetime | None]
    """When it was first claimed."""
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    """When its files are deleted; set when it finishes."""
    retention_hours: Mapped[float]
    stored_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    """Size of its files in the store, as far as known."""
    deleted: Mapped[bool] = mapped_column(default=False)
    """Its owner deleted it: nobody sees it, and the reaper removes what is left."""


class Video(Base):
    """Footage to train on."""

    __tablename__ = "videos"
    __table_args__ = (Index("ix_videos_newest", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    """As the client called it; never part of a path."""
    key: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    frames: Mapped[int | None]
    """An estimate."""
    width: Mapped[int]
    height: Mapped[int]
    seconds: Mapped[float | None]
    key_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]


class Model(Base):
    """A model in the registry; the packaged one has a row only once it was promoted."""

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    card: Mapped[dict[str, Any]]
    job_id: Mapped[str | None] = mapped_column(String(32))
    """The training job that made it."""
    created_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]
    """The model promoted last is the one that jobs get which ask for none."""


class ApiKey(Base):
    """A client's key: only its hash is kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the whole key."""
    admin: Mapped[bool]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One message to a client's server, and every try to deliver it."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_job", "job_id"),
        Index("ix_webhook_deliveries_due", "status", "next_attempt_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(32))
    url: Mapped[str] = mapped_column(Text)
    event: Mapped[str] = mapped_column(String(32))
    """Such as `job.succeeded`."""
    body: Mapped[str] = mapped_column(Text)
    """JSON as it is sent and signed, the same at every try."""
    status: Mapped[str] = mapped_column(String(16))
    """`pending`, `delivered` or `failed`."""
    attempts: Mapped[int] = mapped_column(default=0)
    tries: Mapped[list[Any]] = mapped_column(default=list)
    """`{"at", "status_code", "error", "seconds"}` of each."""
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class OutboxMessage(Base):
    """A message to be published once the transaction that wrote it is committed."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_pending", "sent_at", "not_before", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    queue: Mapped[str] = mapped_column(String(32))
    task: Mapped[str] = mapped_column(String(64))
    args: Mapped[list[Any]]
    subject: Mapped[str] = mapped_column(String(32), index=True)
    """Id of the job or delivery that it is about."""
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class IdempotencyRecord(Base):
    """What a client's `Idempotency-Key` stood for; removed after a day."""

    __tablename__ = "idempotency"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Id of the API key, or empty."""
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the request."""
    job_id: Mapped[str | None] = mapped_column(String(32))
    """What the request made; None while it is being handled."""
    created_at: Mapped[datetime]
