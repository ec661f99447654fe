"""What happens to jobs, as it happens, with the recent past: one Redis stream for each job.

Events are `status` (the public job), `progress`, `frame` (`{frame, name}`: a mask is ready) and
`metrics` (a row of training). They tell a client when to look; the job's row is the truth.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
import redis.asyncio
import structlog

_KEPT = 1000
_EXPIRY_SECONDS = 86_400
_ID = re.compile(r"\d{1,19}-\d{1,19}")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    id: str
    """Grows with time; what a client sends back as `Last-Event-ID`."""
    event: str
    data: dict[str, Any]


def publish(client: redis.Redis, job_id: str, event: str, data: dict[str, Any]) -> str | None:
    """Add an event; returns its id, or None when Redis does not take it: no job fails for that.

    Args:
        client: of redis-py.
        job_id: which job it is about.
        event: `status`, `progress`, `frame` or `metrics`.
        data: JSON, in which datetimes may stand.
    """
    key = _key(job_id)
    fields: dict[Any, Any] = {"event": event, "data": json.dumps(data, default=_json)}
    try:
        with client.pipeline(transaction=False) as pipe:
            pipe.xadd(key, fields, maxlen=_KEPT, approximate=True)
            pipe.expire(key, _EXPIRY_SECONDS)
            identifier: bytes | str = pipe.execute()[0]
    except redis.RedisError as error:
        _log.warning("event_not_published", event_name=event, error=str(error))
        return None
    return identifier.decode() if isinstance(identifier, bytes) else identifier


def read(
    client: redis.Redis, job_id: str, after: str | None = None, block_seconds: float = 0
) -> list[Event]:
    """Events after the one with id `after`, oldest first.

    Args:
        client: of redis-py; its socket timeout must be longer than `block_seconds`.
        job_id: which job.
        after: None, or what is no event's id: from the oldest that is kept (about 1000 are, for a
            day).
        block_seconds: how long to wait for one when there is none.

    Raises:
        redis.RedisError: Redis cannot be reached.
    """
    return _events(client.xread(*_query(job_id, after, block_seconds)))


async def aread(
    client: redis.asyncio.Redis, job_id: str, after: str | None = None, block_seconds: float = 0
) -> list[Event]:
    """`read` for asyncio."""
    return _events(await client.xread(*_query(job_id, after, block_seconds)))


def _query(
    job_id: str, after: str | None, block_seconds: float
) -> tuple[dict[Any, Any], int | None, int | None]:
    start = after if after and _ID.fullmatch(after) else "0"
    # For Redis, 0 means to wait for ever.
    return {_key(job_id): start}, _KEPT, round(block_seconds * 1000) or None


def _events(reply: Any) -> list[Event]:
    streams = reply.values() if isinstance(reply, dict) else [entries for _, entries in reply or []]
    return [_event(*entry) for entries in streams for entry in _flat(entries)]


def _flat(entries: Any) -> Any:
    # Protocol 3 wraps the entries of a stream once more than protocol 2.
    return entries[0] if entries and isinstance(entries[0], list) else entries


def _event(identifier: Any, fields: dict[Any, Any]) -> Event:
    text = {_str(name): _str(value) for name, value in fields.items()}
    return Event(_str(identifier), text["event"], json.loads(text["data"]))


def _str(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"expected JSON or a datetime, got {type(value).__name__}")


def _key(job_id: str) -> str:
    return f"ctvos:events:{job_id}"
