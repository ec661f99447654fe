"""Pages of a list hold every row once, whatever the times are."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_rows import NewJob
from sqlalchemy import delete

from ctvos_core.errors import InputError
from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.tables import Job

START = datetime(2026, 1, 1, tzinfo=UTC)


@given(
    # Few different times, so that many are equal.
    microseconds=st.lists(st.sampled_from([0, 1, 999_999, 1_000_000]), max_size=12),
    limit=st.integers(1, 5),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_job_turns_up_once_and_newest_first(
    database: Database, new_job: NewJob, microseconds: list[int], limit: int
) -> None:
    with database.session() as session:
        session.execute(delete(Job))
        for microsecond in microseconds:
            job = lifecycle.new_job(session, kind="segment", request={}, max_attempts=1)
            job.created_at = START + timedelta(microseconds=microsecond)

    seen: list[Job] = []
    cursor = None
    while True:
        with database.reading() as session:
            jobs, cursor = lifecycle.list_jobs(session, limit=limit, cursor=cursor)
        assert len(jobs) <= limit
        seen += jobs
        if cursor is None:
            break
        # A job that comes meanwhile disturbs no later page.
        with database.session() as session:
            lifecycle.new_job(session, kind="segment", request={}, max_attempts=1)

    assert len({job.id for job in seen}) == len(seen) == len(microseconds)
    order = [(job.created_at, job.id) for job in seen]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("cursor", ["", "%%%", "bm9uc2Vuc2U", "MjAyNi0wMS0wMXxh", "é"])
def test_a_cursor_that_no_list_returned_is_refused(sqlite: Database, cursor: str) -> None:
    with sqlite.reading() as session, pytest.raises(InputError) as caught:
        lifecycle.list_jobs(session, cursor=cursor)
    assert caught.value.code == "cursor_invalid"


def test_a_page_of_nothing_is_refused(sqlite: Database) -> None:
    with sqlite.reading() as session, pytest.raises(InputError) as caught:
        lifecycle.list_jobs(session, limit=0)
    assert caught.value.code == "limit_invalid"
