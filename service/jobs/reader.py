"""Rows of jobs for clients that poll."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from anyio import CapacityLimiter, to_thread
from sqlalchemy import select

from ctvos_jobs.database import Database
from ctvos_jobs.tables import Job


class JobReader:
    """Reads many jobs at once: whoever asks while a reading is under way shares the next one.

    It has a thread of its own, so polls do not queue behind uploads and downloads.

    Args:
        database: where the jobs are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limiter = CapacityLimiter(1)
        self._wanted: dict[str, asyncio.Future[Job | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, job_id: str, key_id: str | None = None) -> Job | None:
        """A job as it is now; with `key_id` only if it belongs to that key.

        The row is shared with others who ask, so it must not be changed.
        """
        future = self._wanted.get(job_id)
        if future is None:
            future = self._wanted[job_id] = asyncio.get_running_loop().create_future()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        job = await asyncio.shield(future)
        return job if job and key_id in (None, job.key_id) else None

    async def _read(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            try:
                jobs = await to_thread.run_sync(self._load, tuple(wanted), limiter=self._limiter)
            except Exception as error:  # theirs who wait for it
                for future in wanted.values():
                    future.set_exception(error)
            else:
                for job_id, future in wanted.items():
                    future.set_result(jobs.get(job_id))
        self._reading = None

    def _load(self, job_ids: Sequence[str]) -> dict[str, Job]:
        query = select(Job).where(Job.id.in_(job_ids), Job.deleted.is_(False))
        with self._database.reading() as session:
            return {job.id: job for job in session.scalars(query)}
