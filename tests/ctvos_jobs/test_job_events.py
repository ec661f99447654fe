"""Events: read as they come, or later from where a client left off."""

import asyncio
import threading
import time
from datetime import UTC, datetime

import pytest

from ctvos_jobs.embedded_redis import EmbeddedRedis, RedisAddress
from ctvos_jobs.events import Event, aread, publish, read


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedRedis:
    server = EmbeddedRedis(tmp_path_factory.mktemp("events"))
    server.start()
    yield server  # type: ignore[misc]
    server.stop()


def frames(events: list[Event]) -> list[int]:
    return [event.data["frame"] for event in events]


def test_a_client_goes_on_where_it_left_off(server: EmbeddedRedis) -> None:
    client = server.address.client()
    ids = [publish(client, "a", "frame", {"frame": number}) for number in range(5)]
    publish(client, "b", "frame", {"frame": 99})
    events = read(client, "a")
    assert [event.id for event in events] == ids
    assert frames(events) == [0, 1, 2, 3, 4]
    assert {event.event for event in events} == {"frame"}
    assert frames(read(client, "a", after=ids[2])) == [3, 4]
    assert read(client, "a", after=ids[4]) == []
    assert frames(read(client, "a", after="nonsense")) == [0, 1, 2, 3, 4]
    assert read(client, "nobody") == []


def test_a_reader_waits_for_the_next(server: EmbeddedRedis) -> None:
    client = server.address.client(timeout_seconds=90)
    threading.Timer(0.2, publish, (server.address.client(), "c", "status", {"x": 1})).start()
    assert [event.data for event in read(client, "c", block_seconds=60)] == [{"x": 1}]
    started = time.monotonic()
    assert read(client, "nobody", block_seconds=0.1) == []
    assert time.monotonic() - started > 0.05


def test_asyncio_reads_the_same(server: EmbeddedRedis) -> None:
    publish(server.address.client(), "d", "metrics", {"loss": 0.5})

    async def run() -> list[Event]:
        client = server.address.async_client()
        try:
            return await aread(client, "d", block_seconds=1)
        finally:
            await client.aclose()

    assert [event.data for event in asyncio.run(run())] == [{"loss": 0.5}]


def test_times_are_written_as_text(server: EmbeddedRedis) -> None:
    client = server.address.client()
    publish(client, "e", "status", {"at": datetime(2026, 1, 2, tzinfo=UTC)})
    assert read(client, "e")[0].data == {"at": "2026-01-02T00:00:00+00:00"}


def test_the_past_is_bounded_and_forgotten(server: EmbeddedRedis) -> None:
    client = server.address.client()
    for number in range(1500):
        publish(client, "f", "frame", {"frame": number})
    kept = frames(read(client, "f"))
    assert 1000 <= len(kept) < 1200
    assert kept[-1] == 1499
    assert 0 < client.ttl("ctvos:events:f") <= 86_400


def test_no_job_fails_because_redis_is_away(tmp_path: object) -> None:
    client = RedisAddress(f"unix://{tmp_path}/nothing.sock").client()
    assert publish(client, "g", "status", {}) is None
