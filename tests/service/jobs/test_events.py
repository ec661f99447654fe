"""Server-sent events of a job."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from service_helpers import Service, form, make_settings, serve
from waiting import PATIENCE_SECONDS

from ctvos_jobs import events, lifecycle


@pytest.fixture
def job_id(client: httpx.Client, video_bytes: bytes) -> str:
    return str(client.post("/segment", **form(video_bytes)).json()["id"])


def read_events(response: httpx.Response) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event.keys() - {"retry"}:
            yield event
            event = {}


def stream(
    client: httpx.Client,
    job_id: str,
    last_event_id: str | None = None,
    then: Callable[[], object] = lambda: None,
) -> list[dict[str, str]]:
    """All events; `then` is done once the first has come."""
    received = []
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    with client.stream("GET", f"/jobs/{job_id}/events", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        for event in read_events(response):
            received.append(event)
            if len(received) == 1:
                then()
    return received


def publish_frames(service: Service, job_id: str, count: int) -> list[str]:
    ids = [
        events.publish(service.redis, job_id, "frame", {"frame": i, "name": f"{i:05d}"})
        for i in range(count)
    ]
    return [str(event_id) for event_id in ids]


def test_a_stream_follows_a_job_to_its_end_and_closes(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    def work() -> None:
        publish_frames(service, job_id, 3)
        job = service.finish(job_id)
        with service.database.reading() as session:
            ended = lifecycle.get(session, job.id)
            assert ended is not None
            events.publish(service.redis, job_id, "status", lifecycle.public(ended))

    received = stream(client, job_id, then=work)

    assert [event["event"] for event in received] == ["status", *["frame"] * 3, "status"]
    assert json.loads(received[0]["data"])["status"] == "queued"
    assert [json.loads(event["data"])["frame"] for event in received[1:4]] == [0, 1, 2]
    assert json.loads(received[-1]["data"]) == client.get(f"/jobs/{job_id}").json()


def test_a_stream_goes_on_after_the_last_event_seen(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    ids = publish_frames(service, job_id, 4)
    service.finish(job_id)
    received = stream(client, job_id, ids[1])
    assert [event.get("id") for event in received[:-1]] == ids[2:]
    assert json.loads(received[-1]["data"])["status"] == "succeeded"
    everything = stream(client, job_id, "nonsense")
    assert [event["event"] for event in everything] == ["status", *["frame"] * 4, "status"]


def test_the_end_is_told_even_where_events_are_lost(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    service.finish(job_id)  # publishes nothing
    service.redis.delete(f"ctvos:events:{job_id}")
    received = stream(client, job_id)
    assert [event["event"] for event in received] == ["status"]
    assert json.loads(received[0]["data"])["status"] == "succeeded"


def test_a_silent_stream_is_kept_alive(
    client: httpx.Client, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.jobs.event_stream.HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr("service.jobs.event_stream._LOOK_SECONDS", 0.2)
    with client.stream("GET", f"/jobs/{job_id}/events") as response:
        for line in response.iter_lines():
            if line == ": alive":
                return
    pytest.fail("the stream ended without a sign of life")


def test_deleting_a_job_ends_its_stream(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    with service.client() as other:
        received = stream(client, job_id, then=lambda: other.delete(f"/jobs/{job_id}"))
    assert [event["event"] for event in received] == ["status"]
    assert json.loads(received[0]["data"])["status"] == "queued"
    assert client.get(f"/jobs/{job_id}").status_code == 404


def test_a_server_that_stops_ends_its_streams(tmp_path: Path, video_bytes: bytes) -> None:
    with serve(make_settings(tmp_path / "data"), patience_seconds=None) as service:
        with service.client() as client:
            job_id = client.post("/segment", **form(video_bytes)).json()["id"]
        read = threading.Event()

        def follow() -> None:
            with service.client() as client, client.stream("GET", f"/jobs/{job_id}/events") as r:
                for _ in r.iter_bytes():
                    read.set()

        follower = threading.Thread(target=follow)
        follower.start()
        assert read.wait(PATIENCE_SECONDS)
    follower.join(PATIENCE_SECONDS)
    assert not follower.is_alive()
