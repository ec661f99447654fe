"""`Idempotency-Key`: the same request sent twice makes one job."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from ctvos_jobs import lifecycle
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.database import now
from ctvos_jobs.tables import IdempotencyRecord, Job
from service.context import ServiceContext
from service.http.problems import Problem

_ABANDONED = timedelta(hours=1)


@dataclass
class IdempotentRequest:
    """One request under an `Idempotency-Key`, or under none."""

    context: ServiceContext
    principal: Principal
    key: str | None
    earlier: IdempotencyRecord | None = None
    _fingerprint: str = ""

    async def earlier_job(self, content: Any) -> Job | None:
        """The job that this very request made before.

        Args:
            content: all that the client sent, as JSON, with digests in place of files.

        Raises:
            Problem: 422 when the key stood for another request; 410 when its job is deleted.
        """
        self._fingerprint = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        if self.earlier is None:
            return None
        if self.earlier.fingerprint != self._fingerprint:
            raise Problem(
                422,
                "idempotency_key_reused",
                f"expected a new Idempotency-Key for a new request, got {self.key!r} again",
            )
        return await run_in_threadpool(self._job, self.earlier.job_id)

    def record(self, session: Session, job: Job) -> None:
        """Remember, in the transaction that makes the job, what the key stands for."""
        if self.key is not None:
            record = session.get_one(IdempotencyRecord, (self.principal.key_id, self.key))
            record.fingerprint, record.job_id = self._fingerprint, job.id

    def _job(self, job_id: str | None) -> Job:
        with self.context.database.reading() as session:
            job = lifecycle.get(session, job_id) if job_id else None
        if job is None:
            raise Problem(
                410, "job_deleted", f"The job of Idempotency-Key {self.key!r} is deleted."
            )
        return job


@asynccontextmanager
async def idempotent(
    context: ServiceContext, principal: Principal, key: str | None
) -> AsyncIterator[IdempotentRequest]:
    """Hold a key while a request under it is handled; one that fails leaves no trace.

    Raises:
        Problem: 409 when another request under the key is being handled.
    """
    request = IdempotentRequest(context, principal, key)
    if key is None:
        yield request
        return
    request.earlier = await run_in_threadpool(_take, context, principal.key_id, key)
    try:
        yield request
    except BaseException:
        if request.earlier is None:
            await run_in_threadpool(_release, context, principal.key_id, key)
        raise


def _take(context: ServiceContext, scope: str, key: str) -> IdempotencyRecord | None:
    """Reserve the key (None), or find what it stands for."""
    with context.database.session() as session:
        at = now(session)
        found = session.get(IdempotencyRecord, (scope, key), with_for_update=True)
        if found is None:
            session.add(IdempotencyRecord(scope=scope, key=key, fingerprint="", created_at=at))
            return None
        if found.job_id is not None:
            return found
        if found.created_at < at - _ABANDONED:
            found.created_at = at
            return None
    raise Problem(
        409,
        "idempotency_key_in_use",
        f"Another request with Idempotency-Key {key!r} is being handled; try again soon.",
        headers={"Retry-After": "2"},
    )


def _release(context: ServiceContext, scope: str, key: str) -> None:
    with context.database.session() as session:
        session.execute(
            delete(IdempotencyRecord).where(
                IdempotencyRecord.scope == scope,
                IdempotencyRecord.key == key,
                IdempotencyRecord.job_id.is_(None),
            )
        )
