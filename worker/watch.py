"""The hold on a job while it runs: lease, cancellation, deadline, progress."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ctvos_jobs import events, lifecycle
from ctvos_jobs.tables import Job
from worker.context import WorkerContext
from worker.stopping import Cancelled, DeadlineExceeded, Superseded, WorkerStopping

_LOOK_SECONDS = 0.2
_REPORT_SECONDS = 0.5
_log = structlog.get_logger(__name__)


class JobWatch:
    """Keeps the lease of a claimed job on a thread, and says when its work should end.

    Used as a context manager around the work, which calls `report` (or `check`) between any two
    frames or steps.

    Args:
        context: of the process.
        job: as claimed.
        deadline_seconds: how long the attempt may take.
    """

    def __init__(self, context: WorkerContext, job: Job, deadline_seconds: float) -> None:
        self._context = context
        self.job = job
        self._deadline = time.monotonic() + deadline_seconds
        self._deadline_seconds = deadline_seconds
        self._state: str = "alive"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="job-watch", daemon=True)
        self._phase: str | None = None
        self._phase_started = (0.0, 0)
        self._reported = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raise a JobStopped if the work should end."""
        if self._state == "superseded":
            raise Superseded
        if self._state == "cancelled":
            raise Cancelled
        if self._context.stopping.is_set():
            raise WorkerStopping
        if time.monotonic() > self._deadline:
            raise DeadlineExceeded(f"{self._deadline_seconds:g} seconds")

    def report(self, phase: str, done: int, total: int | None) -> None:
        """Tell how far the work is, in frames or steps; raises as `check` does.

        The row and the events get it at most twice a second.
        """
        self.check()
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._phase_started = phase, (now, done)
        elif now - self._reported < _REPORT_SECONDS and done != total:
            return
        self._reported = now
        started, before = self._phase_started
        rate = (done - before) / (now - started) if done > before and now > started else None
        job = self.job
        try:
            with self._context.database.session() as session:
                held = lifecycle.progress(
                    session, job.id, job.attempt, phase=phase, done=done, total=total, rate=rate
                )
        except SQLAlchemyError as error:  # the next report will do
            _log.warning("progress_not_recorded", error=str(error))
            return
        if not held:
            raise Superseded
        left = None if rate is None or total is None else round((total - done) / rate, 1)
        data = {"phase": phase, "done": done, "total": total, "rate": rate, "eta_seconds": left}
        events.publish(self._context.redis, job.id, "progress", data)

    def _run(self) -> None:
        settings = self._context.settings
        beat = time.monotonic() + settings.heartbeat_seconds
        while not self._done.wait(min(_LOOK_SECONDS, settings.heartbeat_seconds)):
            try:
                if time.monotonic() >= beat:
                    beat = time.monotonic() + settings.heartbeat_seconds
                    self._state = self._beat()
                else:
                    self._state = self._look()
            except SQLAlchemyError as error:
                # If this lasts longer than the lease, somebody else gets the job, and the number
                # of the attempt keeps this process from changing anything.
                _log.warning("heartbeat_failed", error=str(error))

    def _beat(self) -> str:
        with self._context.database.session() as session:
            return lifecycle.heartbeat(
                session, self.job.id, self.job.attempt, self._context.settings.lease_seconds
            )

    def _look(self) -> str:
        with self._context.database.reading() as session:
            row = session.execute(
                select(Job.status, Job.attempt, Job.cancel_requested).where(Job.id == self.job.id)
            ).one_or_none()
        if row is None or (row.status, row.attempt) != ("running", self.job.attempt):
            return "superseded"
        return "cancelled" if row.cancel_requested else "alive"
