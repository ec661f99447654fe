"""What is committed is sent, in order, also if Redis comes late."""

import threading

import pytest
from job_rows import NewJob

from ctvos_jobs.celery_app import make_celery, send
from ctvos_jobs.database import Database
from ctvos_jobs.embedded_redis import EmbeddedRedis
from ctvos_jobs.outbox import Message, Relay, relay
from ctvos_jobs.settings import Settings


def queued_ids(server: EmbeddedRedis, settings: Settings) -> list[str]:
    """Ids of jobs in the queue `segment`, in the order in which workers get them."""
    celery = make_celery(settings)
    ids = []
    with celery.connection() as connection, connection.SimpleQueue("segment") as queue:
        for _ in range(queue.qsize()):
            message = queue.get(block=False)
            ids.append(message.payload[0][0])
            message.ack()
    return ids


def test_messages_are_sent_once_and_in_order(sqlite: Database, new_job: NewJob) -> None:
    jobs = [new_job(sqlite).id for _ in range(3)]
    sent: list[Message] = []
    assert relay(sqlite, sent.append) == 3
    assert sent == [Message("segment", "ctvos.segment", (job_id,)) for job_id in jobs]
    assert relay(sqlite, sent.append) == 0


def test_nothing_overtakes_a_message_that_cannot_be_sent(sqlite: Database, new_job: NewJob) -> None:
    jobs = [new_job(sqlite).id for _ in range(3)]
    sent: list[str] = []

    def broken(message: Message) -> None:
        if len(sent) == 1:
            raise ConnectionError("gone")
        sent.append(message.args[0])

    with pytest.raises(ConnectionError):
        relay(sqlite, broken)
    assert sent == jobs[:1]
    assert relay(sqlite, lambda message: sent.append(message.args[0])) == 2
    assert sent == jobs


def test_messages_wait_for_redis_and_arrive_in_order(
    sqlite: Database, settings: Settings, new_job: NewJob
) -> None:
    celery = make_celery(settings)
    arrived = threading.Event()

    def send_and_tell(message: Message) -> None:
        send(celery, message)
        if message.args[0] == jobs[-1]:
            arrived.set()

    server = EmbeddedRedis(settings.data_dir)
    thread = Relay(sqlite, send_and_tell, interval_seconds=0.05)
    jobs = [new_job(sqlite).id for _ in range(4)]
    thread.start()
    try:
        assert not arrived.wait(0.3), "there is no Redis yet"
        server.start()
        assert arrived.wait(60)
        assert queued_ids(server, settings) == jobs
    finally:
        thread.stop()
        server.stop()


def test_a_poke_sends_at_once(sqlite: Database, new_job: NewJob) -> None:
    arrived = threading.Event()
    thread = Relay(sqlite, lambda _: arrived.set(), interval_seconds=3600)
    thread.start()
    try:
        assert not arrived.wait(0.2)
        new_job(sqlite)
        thread.poke()
        assert arrived.wait(60)
    finally:
        thread.stop()


def test_sending_without_redis_fails_soon(settings: Settings) -> None:
    celery = make_celery(settings)
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            send(celery, Message("segment", "ctvos.segment", ("x",)))
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(60)
    assert errors, "expected an error within 15 s"
