"""What Prometheus gets: counts of this process, and figures read from jobs, workers and disk."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import redis
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ctvos_jobs.database import Database, now
from ctvos_jobs.settings import Settings
from ctvos_jobs.tables import Job
from ctvos_jobs.workers import list_workers

_OVERLAP = timedelta(minutes=5)


class Meters:
    """Counted by this process as it serves."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.upload_bytes = Counter(
            "ctvos_upload_bytes", "Bytes of uploads received.", registry=self.registry
        )
        self.requests = Histogram(
            "ctvos_http_request_seconds",
            "Time to answer HTTP requests.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.lost_leases = Counter(
            "ctvos_leases_lost", "Jobs whose worker was lost.", registry=self.registry
        )


class JobCollector(Collector):
    """Figures that are read when they are asked for.

    Args:
        database: where the jobs are.
        client: Redis, where workers report.
        settings: name the disk.
    """

    def __init__(self, database: Database, client: redis.Redis, settings: Settings) -> None:
        self._database, self._redis, self._settings = database, client, settings
        self._stages = _StageTimes()

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All figures as of now."""
        with self._database.reading() as session:
            yield from _queues(session)
            yield self._stages.metric(session)
        yield from self._workers()
        free = GaugeMetricFamily("ctvos_disk_free_bytes", "Free bytes on the data folder's disk.")
        free.add_metric([], shutil.disk_usage(self._settings.data_dir).free)
        yield free

    def _workers(self) -> Iterator[Metric]:
        count = GaugeMetricFamily("ctvos_workers", "Workers that consume.", labels=["kind"])
        used = GaugeMetricFamily(
            "ctvos_gpu_memory_used_bytes", "GPU memory in use.", labels=["worker"]
        )
        total = GaugeMetricFamily("ctvos_gpu_memory_total_bytes", "GPU memory.", labels=["worker"])
        workers = list_workers(self._redis)
        for kind in ("segment", "train", "webhooks"):
            count.add_metric([kind], sum(worker.kind == kind for worker in workers))
        for worker in workers:
            for family, value in (
                (used, worker.gpu_memory_used_bytes),
                (total, worker.gpu_memory_total_bytes),
            ):
                if value is not None:
                    family.add_metric([f"{worker.kind}:{worker.name}"], value)
        yield from (count, used, total)


def _queues(session: Session) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("ctvos_jobs", "Jobs by state.", labels=["kind", "status"])
    depth = GaugeMetricFamily("ctvos_queue_depth", "Jobs that wait.", labels=["queue"])
    age = GaugeMetricFamily(
        "ctvos_oldest_queued_seconds", "How long the oldest job has waited.", labels=["queue"]
    )
    counts = session.execute(
        select(Job.kind, Job.status, func.count(), func.min(Job.queued_at)).group_by(
            Job.kind, Job.status
        )
    ).all()
    waiting = {kind: (n, oldest) for kind, status, n, oldest in counts if status == "queued"}
    at = now(session)
    for kind, status, n, _ in counts:
        jobs.add_metric([kind, status], n)
    for queue in ("segment", "train"):
        n, oldest = waiting.get(queue, (0, None))
        depth.add_metric([queue], n)
        age.add_metric([queue], (at - oldest).total_seconds() if oldest else 0)
    rate = GaugeMetricFamily(
        "ctvos_rate", "Frames or steps per second of the jobs that run.", labels=["kind"]
    )
    running = select(Job.kind, func.sum(Job.rate)).where(Job.status == "running")
    for kind, value in session.execute(running.group_by(Job.kind)):
        rate.add_metric([kind], value or 0)
    yield from (jobs, depth, age, rate)


class _StageTimes:
    """How long finished jobs took, by stage; every job is read once, not at every scrape."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str], tuple[int, float]] = {}
        self._seen_until = datetime.min.replace(tzinfo=UTC)
        self._recent: set[str] = set()

    def metric(self, session: Session) -> Metric:
        """What the workers timed, and the times from `created` to `started` to `finished`."""
        with self._lock:
            self._add_new(session)
            stages = SummaryMetricFamily(
                "ctvos_stage_seconds", "Stages of finished jobs.", labels=["kind", "stage"]
            )
            for (kind, stage), (n, total) in sorted(self._sums.items()):
                stages.add_metric([kind, stage], n, total)
            return stages

    def _add_new(self, session: Session) -> None:
        # Transactions end in another order than their times, so the last minutes are read again.
        at = now(session)
        new = session.execute(
            select(
                *(Job.id, Job.kind, Job.created_at, Job.started_at, Job.finished_at, Job.result)
            ).where(Job.started_at.is_not(None), Job.finished_at > self._seen_until)
        ).yield_per(1000)
        recent = set()
        for job_id, kind, created, started, finished, result in new:
            recent.add(job_id)
            if job_id in self._recent:
                continue
            timed = {
                "queued": (started - created).total_seconds(),
                "total": (finished - started).total_seconds(),
                **((result or {}).get("stage_seconds") or {}),
            }
            for stage, seconds in timed.items():
                n, total = self._sums.get((kind, stage), (0, 0.0))
                self._sums[kind, stage] = n + 1, total + float(seconds)
        self._recent, self._seen_until = recent, at - _OVERLAP
