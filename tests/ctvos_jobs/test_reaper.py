"""Lost workers, lost messages, and files that are due to go."""

import os
import threading
from datetime import timedelta
from pathlib import Path

from job_rows import NewJob, ago, change, row
from sqlalchemy import select, update

from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.outbox import Message, relay
from ctvos_jobs.reaper import Reaper, ReapReport, reap
from ctvos_jobs.settings import Settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import IdempotencyRecord, Job, OutboxMessage


def lose_worker(database: Database, job: Job) -> None:
    with database.session() as session:
        assert lifecycle.claim(session, job.id, "lost", 60)
    change(database, job.id, lease_until=ago(seconds=1))


def sent(database: Database) -> list[str]:
    messages: list[Message] = []
    relay(database, messages.append)
    return [message.args[0] for message in messages]


def test_a_lost_job_waits_again(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(database)
    lose_worker(database, job)
    report = reap(database, settings, store)
    assert (report.requeued, report.failed) == ([job.id], [])
    assert row(database, job.id).status == "queued"
    assert sent(database) == [job.id, job.id]


def test_a_job_with_a_live_worker_is_left_alone(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(database)
    with database.session() as session:
        lifecycle.claim(session, job.id, "worker", 60)
    assert reap(database, settings, store) == ReapReport()


def test_a_job_that_is_lost_every_time_fails_after_max_attempts(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(database, max_attempts=3)
    for _ in range(2):
        lose_worker(database, job)
        assert reap(database, settings, store).requeued == [job.id]
    lose_worker(database, job)
    with database.session() as session:
        assert lifecycle.claim(session, job.id, "fourth", 60) is None
    assert reap(database, settings, store).failed == [job.id]
    error = lifecycle.public(row(database, job.id))["error"]
    assert error["code"] == "worker_lost"
    assert "3 attempts" in error["detail"]
    assert reap(database, settings, store) == ReapReport()


def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(database)
    lose_worker(database, job)
    with database.session() as session:
        lifecycle.request_cancel(session, job.id)
    assert reap(database, settings, store).cancelled == [job.id]
    assert row(database, job.id).status == "cancelled"


def test_lost_messages_are_sent_again_ever_less_often(
    sqlite: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(sqlite)
    assert sent(sqlite) == [job.id]
    assert reap(sqlite, settings, store).resent == []

    def after(waited: float, since_message: float) -> list[str]:
        change(
            sqlite,
            job.id,
            queued_at=ago(seconds=waited),
            enqueued_at=ago(seconds=since_message),
        )
        report = reap(sqlite, settings, store)
        assert sent(sqlite) == report.resent
        return report.resent

    assert after(50, 50) == []
    assert after(70, 70) == [job.id]
    assert after(300, 100) == []
    assert after(300, 160) == [job.id]
    assert after(86_400, 500) == []
    assert after(86_400, 610) == [job.id]


def test_a_message_that_was_never_sent_is_not_doubled(
    sqlite: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(sqlite)
    change(sqlite, job.id, queued_at=ago(hours=1), enqueued_at=ago(hours=1))
    assert reap(sqlite, settings, store).resent == []
    assert sent(sqlite) == [job.id]


def test_files_are_deleted_when_their_time_has_come(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    kept, expired = new_job(database, retention_hours=2), new_job(database, retention_hours=2)
    for job in (kept, expired):
        with store.open_write(f"jobs/{job.id}/1/coco.json") as file:
            file.write(b"{}")
        with database.session() as session:
            lifecycle.claim(session, job.id, "worker", 60)
            lifecycle.succeed(session, job.id, 1, {}, None)
    change(database, expired.id, expires_at=ago(seconds=1))

    assert reap(database, settings, store).expired == [expired.id]
    assert store.list(f"jobs/{expired.id}") == []
    assert store.list(f"jobs/{kept.id}") == [f"jobs/{kept.id}/1/coco.json"]
    found = row(database, expired.id)
    assert (found.status, found.stored_bytes) == ("expired", 0)
    assert lifecycle.public(found)["links"] == {"self": f"/jobs/{expired.id}"}
    assert reap(database, settings, store) == ReapReport()


def test_nothing_is_left_of_a_deleted_job(
    database: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(database)
    with store.open_write(f"jobs/{job.id}/inputs/video.mp4") as file:
        file.write(b"private")
    with database.session() as session:
        lifecycle.claim(session, job.id, "worker", 60)
        lifecycle.delete(session, job.id)
    assert reap(database, settings, store).deleted == [], "its worker still writes"
    with database.session() as session:
        assert lifecycle.finish_cancelled(session, job.id, 1)
    assert reap(database, settings, store).deleted == [job.id]
    assert store.children("jobs") == []
    with database.reading() as session:
        assert session.get(Job, job.id) is None


def test_what_belongs_to_nothing_is_swept_up(
    sqlite: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(sqlite)
    paths = [f"{folder}/video.mp4" for folder in (f"jobs/{job.id}", "jobs/gone", "uploads/old")]
    for key in (*paths, "uploads/new/video.mp4", "uploads/slow/video.mp4"):
        with store.open_write(key) as file:
            file.write(b"...")
        if "new" not in key:
            _age(store, key)
    partial = _local(store, "uploads/slow/.0123.tmp")
    partial.write_bytes(b"still arriving")

    report = reap(sqlite, settings, store)
    assert report.leftovers == ["uploads/old", "jobs/gone"]
    assert store.list("jobs") == [f"jobs/{job.id}/video.mp4"]
    assert store.children("uploads") == ["new", "slow"]
    assert reap(sqlite, settings, store, sweep=False).leftovers == []


def _local(store: ArtifactStore, key: str) -> Path:
    path = store.local_path(key)
    assert path is not None
    return path


def _age(store: ArtifactStore, key: str) -> None:
    past = ago(days=2).timestamp()
    path = _local(store, key)
    os.utime(path, (past, past))
    os.utime(path.parent, (past, past))


def test_old_records_go(
    sqlite: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    ages = {"done-new": 1, "done-old": 25, "begun-new": 0.5, "begun-old": 2}
    new_job(sqlite), new_job(sqlite)
    assert len(sent(sqlite)) == 2
    with sqlite.session() as session:
        for name, hours in ages.items():
            session.add(
                IdempotencyRecord(
                    scope="",
                    key=name,
                    fingerprint="f",
                    job_id="j" if "done" in name else None,
                    created_at=ago(hours=hours),
                )
            )
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id == 1).values(sent_at=ago(days=2))
        )
    reap(sqlite, settings, store)
    with sqlite.reading() as session:
        assert set(session.scalars(select(IdempotencyRecord.key))) == {"done-new", "begun-new"}
        assert session.scalars(select(OutboxMessage.id)).all() == [2]


def test_the_thread_reaps_and_reports_and_survives_a_failing_store(
    sqlite: Database, settings: Settings, store: ArtifactStore, new_job: NewJob
) -> None:
    job = new_job(sqlite)
    lose_worker(sqlite, job)
    reported = threading.Event()
    reports: list[ReapReport] = []

    def on_report(report: ReapReport) -> None:
        reports.append(report)
        if len(reports) == 1:
            raise ConnectionError("nobody listens")
        reported.set()

    quick = settings.model_copy(update={"reap_seconds": 0.05})
    reaper = Reaper(sqlite, quick, store, on_report)
    reaper.start()
    try:
        assert reported.wait(60)
    finally:
        reaper.stop()
    assert reports[0].changed == [job.id]


def test_a_store_is_made_from_the_settings_if_none_is_given(
    sqlite: Database, settings: Settings, new_job: NewJob
) -> None:
    job = new_job(sqlite)
    with sqlite.session() as session:
        lifecycle.request_cancel(session, job.id)
    change(sqlite, job.id, expires_at=ago(seconds=1) - timedelta(hours=1))
    assert reap(sqlite, settings).expired == [job.id]
