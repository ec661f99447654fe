"""What may follow what in a job's life, on both databases."""

import json

import pytest
from job_rows import NewJob, ago, change, row
from sqlalchemy import select

from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.tables import Job, OutboxMessage, WebhookDelivery


def claimed(database: Database, job: Job) -> Job:
    with database.session() as session:
        found = lifecycle.claim(session, job.id, "worker", 60)
    assert found is not None
    return found


def messages(database: Database) -> list[tuple[str, str, list[str]]]:
    with database.reading() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        return [(row.queue, row.task, row.args) for row in rows]


def test_a_new_job_waits_and_its_message_is_in_the_outbox(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database, kind="train", request={"videos": []})
    found = row(database, job.id)
    assert (found.status, found.attempt, found.stored_bytes) == ("queued", 0, 0)
    assert len(found.id) == 32
    assert found.created_at.tzinfo is not None
    assert messages(database) == [("train", "ctvos.train", [job.id])]


def test_neither_job_nor_message_remains_of_a_transaction_that_failed(database: Database) -> None:
    def add_and_fail() -> None:
        with database.session() as session:
            lifecycle.new_job(session, kind="segment", request={}, max_attempts=1)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        add_and_fail()
    with database.reading() as session:
        assert lifecycle.list_jobs(session) == ([], None)
    assert messages(database) == []


def test_a_claim_starts_an_attempt_and_keeps_others_out(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database)
    found = claimed(database, job)
    assert (found.status, found.attempt, found.owner) == ("running", 1, "worker")
    assert found.started_at is not None
    with database.session() as session:
        assert lifecycle.claim(session, job.id, "other", 60) is None
        assert lifecycle.claim(session, "0" * 32, "other", 60) is None


def test_an_expired_lease_can_be_claimed_and_the_old_worker_is_fenced_off(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database)
    old = claimed(database, job)
    change(database, job.id, lease_until=ago(seconds=1))
    new = claimed(database, job)
    assert (old.attempt, new.attempt) == (1, 2)
    assert new.started_at == old.started_at
    before = vars(row(database, job.id)).copy()

    with database.session() as session:
        assert lifecycle.heartbeat(session, job.id, 1, 999) == "superseded"
        assert not lifecycle.progress(session, job.id, 1, phase="x", done=9, total=9, rate=9)
        assert not lifecycle.succeed(session, job.id, 1, {"frames": 9}, "digest")
        assert lifecycle.fail(session, job.id, 1, "code", "detail", True) == "superseded"
        assert lifecycle.fail(session, job.id, 1, "code", "detail", False) == "superseded"
        assert not lifecycle.finish_cancelled(session, job.id, 1)
        assert not lifecycle.requeue(session, job.id, 1)

    after = vars(row(database, job.id)).copy()
    before.pop("_sa_instance_state"), after.pop("_sa_instance_state")
    assert after == before
    with database.session() as session:
        assert lifecycle.succeed(session, job.id, 2, {"frames": 3}, "digest")


def test_a_worker_whose_lease_ran_out_unnoticed_goes_on(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database)
    claimed(database, job)
    change(database, job.id, lease_until=ago(seconds=1))
    with database.session() as session:
        assert lifecycle.heartbeat(session, job.id, 1, 60) == "alive"
    with database.session() as session:
        assert lifecycle.claim(session, job.id, "other", 60) is None


def test_progress_and_success(database: Database, new_job: NewJob) -> None:
    job = new_job(database)
    claimed(database, job)
    with database.session() as session:
        assert lifecycle.progress(
            session, job.id, 1, phase="segmenting", done=25, total=100, rate=10.0
        )
    shown = lifecycle.public(row(database, job.id))
    assert shown["phase"] == "segmenting"
    assert shown["progress"] == {"done": 25, "total": 100, "rate": 10.0, "eta_seconds": 7.5}

    with database.session() as session:
        assert lifecycle.succeed(session, job.id, 1, {"frames": 100, "bytes": 11}, "abc")
    found = row(database, job.id)
    assert (found.status, found.result, found.model_digest) == (
        "succeeded",
        {"frames": 100, "bytes": 11},
        "abc",
    )
    assert found.stored_bytes == 111
    assert found.lease_until is None
    assert found.expires_at is not None
    assert found.finished_at is not None
    assert (found.expires_at - found.finished_at).total_seconds() == 168 * 3600
    with database.session() as session:
        assert lifecycle.claim(session, job.id, "other", 60) is None
        assert not lifecycle.succeed(session, job.id, 1, {}, None), "it has ended once"


def test_retryable_failures_are_tried_max_attempts_times(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database, max_attempts=2)
    claimed(database, job)
    with database.session() as session:
        assert lifecycle.fail(session, job.id, 1, "gpu_lost", "The GPU is gone", True) == "requeued"
    assert len(messages(database)) == 2
    claimed(database, job)
    with database.session() as session:
        assert lifecycle.fail(session, job.id, 2, "gpu_lost", "The GPU is gone", True) == "failed"
    assert lifecycle.public(row(database, job.id))["error"] == {
        "code": "gpu_lost",
        "detail": "The GPU is gone",
        "retryable": True,
    }


def test_other_failures_are_final(database: Database, new_job: NewJob) -> None:
    job = new_job(database)
    claimed(database, job)
    with database.session() as session:
        assert lifecycle.fail(session, job.id, 1, "video_damaged", "Half of it", False) == "failed"
    assert row(database, job.id).status == "failed"


def test_a_stopping_worker_gives_its_job_back_as_often_as_it_likes(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database, max_attempts=1)
    for attempt in (1, 2, 3):
        assert claimed(database, job).attempt == attempt, "a number is never used twice"
        with database.session() as session:
            assert lifecycle.requeue(session, job.id, attempt)
    claimed(database, job)
    with database.session() as session:
        assert lifecycle.fail(session, job.id, 4, "code", "detail", True) == "failed"


def test_a_waiting_job_is_cancelled_at_once(database: Database, new_job: NewJob) -> None:
    job = new_job(database)
    with database.session() as session:
        cancelled = lifecycle.request_cancel(session, job.id)
    assert cancelled is not None
    assert cancelled.status == "cancelled"
    with database.session() as session:
        assert lifecycle.claim(session, job.id, "worker", 60) is None
        assert lifecycle.request_cancel(session, "0" * 32) is None


def test_the_worker_of_a_running_job_learns_of_a_cancellation(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database)
    claimed(database, job)
    with database.session() as session:
        flagged = lifecycle.request_cancel(session, job.id)
    assert flagged is not None
    assert flagged.status == "running"
    with database.session() as session:
        assert lifecycle.heartbeat(session, job.id, 1, 60) == "cancelled"
        assert lifecycle.finish_cancelled(session, job.id, 1)
    with database.session() as session:
        again = lifecycle.request_cancel(session, job.id)
    assert again is not None
    assert again.status == "cancelled"


def test_a_finished_job_cannot_be_cancelled(database: Database, new_job: NewJob) -> None:
    job = new_job(database)
    claimed(database, job)
    with database.session() as session:
        lifecycle.succeed(session, job.id, 1, {}, None)
    with database.session() as session:
        found = lifecycle.request_cancel(session, job.id)
    assert found is not None
    assert (found.status, found.cancel_requested) == ("succeeded", False)


def test_deleted_jobs_are_seen_by_nobody(database: Database, new_job: NewJob) -> None:
    job = new_job(database)
    with database.session() as session:
        assert lifecycle.delete(session, job.id)
    with database.session() as session:
        assert lifecycle.get(session, job.id) is None
        assert lifecycle.list_jobs(session) == ([], None)
        assert lifecycle.claim(session, job.id, "worker", 60) is None


def test_keys_see_their_own_jobs_only(database: Database, new_job: NewJob) -> None:
    mine, other = new_job(database, key_id="mine"), new_job(database, key_id="other")
    with database.reading() as session:
        assert lifecycle.get(session, mine.id, "mine") is not None
        assert lifecycle.get(session, other.id, "mine") is None
        assert lifecycle.get(session, other.id) is not None
        jobs, _ = lifecycle.list_jobs(session, key_id="mine")
    assert [job.id for job in jobs] == [mine.id]


def test_lists_are_filtered(database: Database, new_job: NewJob) -> None:
    train = new_job(database, kind="train")
    segment = new_job(database)
    claimed(database, segment)
    with database.reading() as session:
        by_kind, _ = lifecycle.list_jobs(session, kind="train")
        by_status, _ = lifecycle.list_jobs(session, status="running")
    assert [job.id for job in by_kind] == [train.id]
    assert [job.id for job in by_status] == [segment.id]


@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled"])
def test_every_ending_is_told_to_the_clients_server(
    database: Database, new_job: NewJob, ending: str
) -> None:
    request = {"webhook_url": "https://example.org/hook", "outputs": ["masks"]}
    job = new_job(database, request=request)
    claimed(database, job)
    with database.session() as session:
        if ending == "succeeded":
            lifecycle.succeed(session, job.id, 1, {}, None)
        elif ending == "failed":
            lifecycle.fail(session, job.id, 1, "code", "detail", False)
        else:
            lifecycle.finish_cancelled(session, job.id, 1)
    with database.reading() as session:
        delivery = session.scalars(select(WebhookDelivery)).one()
    body = json.loads(delivery.body)
    assert (delivery.url, delivery.event) == (request["webhook_url"], f"job.{ending}")
    assert (body["type"], body["data"]["id"], body["data"]["status"]) == (
        f"job.{ending}",
        job.id,
        ending,
    )
    assert messages(database)[-1] == ("webhooks", "ctvos.webhook", [delivery.id])


def test_what_clients_see_has_exactly_the_fields_of_the_contract(
    database: Database, new_job: NewJob
) -> None:
    job = new_job(database)
    shown = lifecycle.public(job)
    assert list(shown) == [
        *("id", "kind", "name", "status", "phase", "progress", "attempt", "error", "model"),
        *("created_at", "started_at", "finished_at", "expires_at", "outputs", "links"),
    ]
    path = f"/jobs/{job.id}"
    assert shown["links"] == {
        "self": path,
        "events": f"{path}/events",
        "cancel": f"{path}/cancel",
        "masks": f"{path}/masks",
        "coco": f"{path}/coco",
        "confidence": f"{path}/confidence",
    }


def test_a_trained_model_is_linked(database: Database, new_job: NewJob) -> None:
    job = new_job(database, kind="train", request={"name": "dogs"})
    claimed(database, job)
    with database.session() as session:
        lifecycle.succeed(session, job.id, 1, {}, "digest")
    shown = lifecycle.public(row(database, job.id))
    assert shown["name"] == "dogs"
    links = shown["links"]
    assert links["model"] == "/models/dogs"
    assert "cancel" not in links
