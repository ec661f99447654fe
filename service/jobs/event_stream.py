"""`GET /jobs/{id}/events`: what happens to a job, as it happens."""

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

import redis
from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from ctvos_jobs import events
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.events import Event
from ctvos_jobs.tables import TERMINAL, Job
from service.context import ServiceContext
from service.dependencies import Caller, Context, JobId
from service.http.openapi import binary
from service.http.problems import Problem, responses
from service.jobs import service as jobs

HEARTBEAT_SECONDS = 15.0
_LOOK_SECONDS = 2.0
router = APIRouter(tags=["jobs"])


@router.get(
    "/jobs/{job_id}/events",
    operation_id="streamEvents",
    response_class=StreamingResponse,
    responses={
        200: binary(
            "Server-sent events `status`, `progress`, `frame`, `metrics`.", "text/event-stream"
        ),
        **responses(404),
    },
)
async def stream_events(
    context: Context,
    caller: Caller,
    job_id: JobId,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> StreamingResponse:
    """Events of a job, from after `Last-Event-ID` (else from the oldest kept) to its end.

    The last is always a `status` with the state in which the job has ended. An event tells when to
    look; what `GET /jobs/{id}` says is the truth.
    """
    await jobs.read_job(context, caller, job_id)
    stream = _events(context, caller, job_id, last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


async def _events(
    context: ServiceContext, caller: Principal, job_id: str, after: str | None
) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    beat = time.monotonic()
    while not context.stopping.is_set():
        # The row first: whatever was published before it was read comes with this reading.
        job = await _look(context, caller, job_id)
        news = await _read(context, job_id, after, block=job is not None and not _ended(job))
        for event in news:
            after = event.id
            if not _tells_end(event):  # the end is told last, once, and from the row
                yield format_sse_event(
                    data_str=json.dumps(event.data), event=event.event, id=event.id
                )
        if job is None:
            return
        if _ended(job):
            data = jobs.view(job).model_dump_json()
            yield format_sse_event(data_str=data, event="status", id=after)
            return
        if time.monotonic() - beat > HEARTBEAT_SECONDS:
            yield b": alive\n\n"
        if news or time.monotonic() - beat > HEARTBEAT_SECONDS:
            beat = time.monotonic()


async def _look(context: ServiceContext, caller: Principal, job_id: str) -> Job | None:
    """The job; None once it is deleted."""
    try:
        return await jobs.read_job(context, caller, job_id)
    except Problem:
        return None


async def _read(
    context: ServiceContext, job_id: str, after: str | None, *, block: bool
) -> list[Event]:
    try:
        wait = _LOOK_SECONDS if block else 0
        return await events.aread(context.aredis, job_id, after, wait)
    except redis.RedisError:
        return []


def _ended(job: Job) -> bool:
    return job.status in TERMINAL


def _tells_end(event: Event) -> bool:
    return event.event == "status" and event.data.get("status") in TERMINAL
