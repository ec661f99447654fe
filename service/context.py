"""What the routes of one application share, and its life from start to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
from fastapi import Request
from redis.asyncio import Redis as AsyncRedis

from ctvos_jobs import events, lifecycle
from ctvos_jobs.celery_app import make_celery, send
from ctvos_jobs.database import Database
from ctvos_jobs.embedded_redis import RedisAddress
from ctvos_jobs.outbox import Relay
from ctvos_jobs.reaper import Reaper, ReapReport
from ctvos_jobs.settings import Settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Job
from service.http.prometheus import JobCollector, Meters
from service.jobs.reader import JobReader
from service.probe.frame_cache import FrameCache
from service.probe.prober import Prober
from service.upload.incoming import incoming_folder


@dataclass
class ServiceContext:
    """Settings, stores and helpers of a running application.

    Attributes:
        uploads: folder on this machine in which uploads come together.
        stopping: set when the server shuts down, so that streams end.
    """

    settings: Settings
    database: Database
    jobs: JobReader
    store: ArtifactStore
    redis: redis.Redis
    aredis: AsyncRedis
    relay: Relay
    prober: Prober
    frames: FrameCache
    meters: Meters
    uploads: Path
    stopping: asyncio.Event

    def announce(self, job: Job) -> None:
        """Tell those who listen that a job has another status."""
        events.publish(self.redis, job.id, "status", lifecycle.public(job))


async def context_of(request: Request) -> ServiceContext:
    """The context of the application that serves a request.

    Asynchronous as it is a dependency: others are each run in a thread.
    """
    context: ServiceContext = request.app.state.context
    return context


@asynccontextmanager
async def open_context(settings: Settings) -> AsyncIterator[ServiceContext]:
    """Set everything up, run the relay and the reaper, and tear down again."""
    with incoming_folder(settings.data_dir / "incoming") as uploads:
        async with _running(settings, uploads) as context:
            yield context


@asynccontextmanager
async def _running(settings: Settings, uploads: Path) -> AsyncIterator[ServiceContext]:
    database = Database(settings.database_url)
    database.migrate()
    store = ArtifactStore(settings.artifact_url, settings.artifact_options)
    address = RedisAddress.from_settings(settings)
    celery = make_celery(settings)
    client = address.client()
    prober = Prober(settings)
    context = ServiceContext(
        settings=settings,
        database=database,
        jobs=JobReader(database),
        store=store,
        redis=client,
        aredis=address.async_client(),
        relay=Relay(database, partial(send, celery)),
        prober=prober,
        frames=FrameCache(store, prober, uploads),
        meters=Meters(),
        uploads=uploads,
        stopping=asyncio.Event(),
    )
    context.meters.registry.register(JobCollector(database, client, settings))
    reaper = Reaper(database, settings, store, partial(_after_reaping, context))
    prober.start()
    context.relay.start()
    reaper.start()
    try:
        yield context
    finally:
        context.stopping.set()
        await asyncio.to_thread(reaper.stop)
        await asyncio.to_thread(context.relay.stop)
        await asyncio.to_thread(prober.close)
        await context.aredis.aclose()
        client.close()
        celery.close()
        database.dispose()


def _after_reaping(context: ServiceContext, report: ReapReport) -> None:
    context.meters.lost_leases.inc(
        len(report.requeued) + len(report.failed) + len(report.cancelled)
    )
    for job_id in report.changed:
        with context.database.reading() as session:
            job = lifecycle.get(session, job_id)
        if job is not None:
            context.announce(job)
    if report.requeued or report.resent:
        context.relay.poke()
