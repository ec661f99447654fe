"""Many at once: one wins."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from job_rows import NewJob, ago, change, row
from sqlalchemy import func, select

from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.reaper import reap
from ctvos_jobs.settings import Settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import OutboxMessage

CLAIMER = """
import sys
from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
url, owner, *jobs = sys.argv[1:]
database = Database(url)
database.migrate()
print("ready", flush=True)
sys.stdin.readline()
for job_id in jobs:
    with database.session() as session:
        if lifecycle.claim(session, job_id, owner, 60):
            print(job_id)
"""


def together(count: int, action: object) -> list[object]:
    """What `action(number)` returns in each of so many threads, all starting at once."""
    barrier = threading.Barrier(count)

    def run(number: int) -> object:
        barrier.wait()
        return action(number)  # type: ignore[operator]

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_of_many_threads_one_claims_a_job(database: Database, new_job: NewJob) -> None:
    jobs = [new_job(database) for _ in range(5)]

    def claim_all(number: int) -> list[str]:
        won = []
        for job in jobs:
            with database.session() as session:
                if lifecycle.claim(session, job.id, f"worker-{number}", 60):
                    won.append(job.id)
        return won

    won = [job_id for ids in together(8, claim_all) for job_id in ids]
    assert sorted(won) == sorted(job.id for job in jobs)
    assert {row(database, job.id).attempt for job in jobs} == {1}


def test_of_many_processes_one_claims_a_job(
    database: Database, database_url: str, new_job: NewJob
) -> None:
    jobs = [new_job(database).id for _ in range(20)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, database_url, f"process-{number}", *jobs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [line for process in processes for line in process.communicate()[0].split()]
    assert sorted(won) == sorted(jobs)


def test_an_expired_lease_is_taken_over_once(database: Database, new_job: NewJob) -> None:
    job = new_job(database)
    with database.session() as session:
        lifecycle.claim(session, job.id, "lost", 60)
    change(database, job.id, lease_until=ago(seconds=1))

    def claim(number: int) -> bool:
        with database.session() as session:
            return lifecycle.claim(session, job.id, f"worker-{number}", 60) is not None

    assert together(8, claim).count(True) == 1
    assert row(database, job.id).attempt == 2


def test_an_attempt_ends_once(database: Database, new_job: NewJob) -> None:
    """The worker finishes while its lease runs out and the client cancels."""
    job = new_job(database)
    with database.session() as session:
        lifecycle.claim(session, job.id, "worker", 60)

    def end(number: int) -> bool:
        with database.session() as session:
            if number % 3 == 0:
                return lifecycle.succeed(session, job.id, 1, {"by": number}, None)
            if number % 3 == 1:
                return lifecycle.fail(session, job.id, 1, "code", "detail", False) == "failed"
            return lifecycle.finish_cancelled(session, job.id, 1)

    assert together(9, end).count(True) == 1


def test_a_cancellation_and_a_claim_never_both_win(database: Database, new_job: NewJob) -> None:
    for _ in range(5):
        job = new_job(database)

        def act(number: int, job_id: str = job.id) -> str | None:
            with database.session() as session:
                if number == 0:
                    cancelled = lifecycle.request_cancel(session, job_id)
                    return cancelled.status if cancelled else None
                return "claimed" if lifecycle.claim(session, job_id, "worker", 60) else None

        cancelled, claimed = together(2, act)
        found = row(database, job.id)
        assert found.cancel_requested
        if claimed:
            assert (cancelled, found.status) == ("running", "running")
        else:
            assert (cancelled, found.status) == ("cancelled", "cancelled")


def test_two_reapers_requeue_a_lost_job_once(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(database)
    with database.session() as session:
        lifecycle.claim(session, job.id, "lost", 60)
    change(database, job.id, lease_until=ago(seconds=1))
    reports = together(4, lambda _: reap(database, settings, store).requeued)
    assert [job_id for ids in reports for job_id in ids] == [job.id]  # type: ignore[attr-defined]
    with database.reading() as session:
        sent = session.scalars(select(func.count()).select_from(OutboxMessage)).one()
    assert sent == 2, "the first message, and that of the second attempt"
