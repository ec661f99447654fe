"""Readings of jobs are shared, never old, and fail for those who asked."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from service.jobs.reader import JobReader


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'ctvos.db'}")
    database.migrate()
    yield database
    database.dispose()


def add_job(database: Database, key_id: str | None = None) -> str:
    with database.session() as session:
        job = lifecycle.new_job(session, kind="segment", request={}, key_id=key_id, max_attempts=3)
    return job.id


class SlowReader(JobReader):
    """Reads when it is told to, and remembers what."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.readings: list[set[str]] = []
        self.may_read = threading.Semaphore(0)

    def _load(self, job_ids):  # type: ignore[no-untyped-def]
        self.readings.append(set(job_ids))
        self.may_read.acquire()
        return super()._load(job_ids)


def test_whoever_asks_meanwhile_shares_the_next_reading(database: Database) -> None:
    ids = [add_job(database) for _ in range(3)]

    async def ask() -> None:
        reader = SlowReader(database)
        first = asyncio.create_task(reader.get(ids[0]))
        while not reader.readings:
            await asyncio.sleep(0.01)
        others = [asyncio.create_task(reader.get(job_id)) for job_id in [*ids, *ids]]
        await asyncio.sleep(0)
        with database.session() as session:
            lifecycle.request_cancel(session, ids[1])
        for _ in range(2):
            reader.may_read.release()
        assert (await first).id == ids[0]  # type: ignore[union-attr]
        found = await asyncio.gather(*others)
        assert [job.id for job in found if job] == [*ids, *ids]
        assert [job.status for job in found[:3] if job] == ["queued", "cancelled", "queued"]
        assert reader.readings == [{ids[0]}, set(ids)]

    asyncio.run(ask())


def test_jobs_of_another_key_and_deleted_ones_are_not_there(database: Database) -> None:
    mine, gone = add_job(database, "me"), add_job(database, "me")
    with database.session() as session:
        lifecycle.delete(session, gone)

    async def ask() -> None:
        reader = JobReader(database)
        assert await reader.get(mine) is not None
        assert await reader.get(mine, "me") is not None
        assert await reader.get(mine, "you") is None
        assert await reader.get(gone) is None
        assert await reader.get("nothing") is None

    asyncio.run(ask())


def test_a_database_that_fails_fails_those_who_asked(tmp_path: Path, database: Database) -> None:
    job_id = add_job(database)
    without_tables = Database(f"sqlite:///{tmp_path / 'empty.db'}")

    async def ask() -> None:
        reader = JobReader(without_tables)
        with pytest.raises(OperationalError):
            await reader.get(job_id)
        reader._database = database
        assert await reader.get(job_id) is not None

    asyncio.run(ask())
    without_tables.dispose()
