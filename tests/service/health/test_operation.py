"""Health, readiness, limits, metrics, webhooks' log."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from service_helpers import Service, form, problem_of
from sqlalchemy import text

from ctvos_jobs import webhooks


def metrics(client: httpx.Client) -> dict[tuple[str, tuple[str, ...]], float]:
    response = client.get("/metrics")
    assert response.status_code == 200, response.text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_alive(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_only_while_a_worker_consumes(client: httpx.Client, service: Service) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert [e["field"] for e in problem_of(response)["errors"]] == ["workers"]
    service.redis.hset("ctvos:worker:segment:one", mapping={"device": "cpu"})
    try:
        response = client.get("/readyz")
        assert response.status_code == 200
        assert set(response.json()["checks"]) == {"database", "workers", "disk"}
    finally:
        service.redis.delete("ctvos:worker:segment:one")


def test_not_ready_with_a_locked_database_or_a_full_disk(serving: Callable[..., Any]) -> None:
    with serving(min_free_bytes=1 << 60) as service, service.client() as client:
        with service.database.session() as session:
            session.execute(text("SELECT 1"))  # holds the write lock
            failed = {e["field"] for e in problem_of(client.get("/readyz"))["errors"]}
        assert failed == {"database", "workers", "disk"}


def test_limits(client: httpx.Client, service: Service) -> None:
    limits = client.get("/limits").json()
    assert limits["max_frames"] == service.settings.max_frames
    assert limits["max_upload_bytes"] == service.settings.max_upload_bytes


def test_metrics_count_what_happens(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    before = metrics(client)
    jobs = [client.post("/segment", **form(video_bytes)).json()["id"] for _ in range(3)]
    service.finish(jobs[0])
    service.claim(jobs[1])
    fields = {"gpu_memory_used_bytes": "123", "gpu_memory_total_bytes": "456"}
    service.redis.hset("ctvos:worker:segment:one", mapping=fields)
    after = metrics(client)
    service.redis.delete("ctvos:worker:segment:one")

    def more(*name: Any) -> float:
        return after[name] - before.get(name, 0)

    assert more("ctvos_queue_depth", ("segment",)) == 1
    assert after["ctvos_oldest_queued_seconds", ("segment",)] > 0
    assert more("ctvos_jobs", ("segment", "running")) == 1
    assert after["ctvos_gpu_memory_used_bytes", ("segment:one",)] == 123
    assert more("ctvos_workers", ("segment",)) == 1
    assert after["ctvos_disk_free_bytes", ()] > 0
    stage = ("ctvos_stage_seconds_count", ("segment", "total"))
    assert more(*stage) == 1
    assert metrics(client)[stage] == after[stage]
    assert more("ctvos_upload_bytes_total", ()) > 3 * len(video_bytes)
    assert more("ctvos_http_request_seconds_count", ("POST", "/segment", "202")) == 3
    assert more("ctvos_leases_lost_total", ()) == 0


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    """The URL of a server that takes webhooks, and the ids it got."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            got.append(self.headers["webhook-id"])
            self.send_response(204 if len(got) > 1 else 500)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_log_of_webhooks_and_sending_again(
    serving: Callable[..., Any], video_bytes: bytes, receiver: tuple[str, list[str]]
) -> None:
    url, got = receiver
    with serving(webhook_allow_private=True) as service, service.client() as client:
        job_id = client.post("/segment", **form(video_bytes, webhook_url=url)).json()["id"]
        log = f"/jobs/{job_id}/webhooks"
        assert client.get(log).json() == {"deliveries": []}
        service.finish(job_id)
        (delivery,) = client.get(log).json()["deliveries"]
        assert (delivery["event"], delivery["status"]) == ("job.succeeded", "pending")

        assert webhooks.deliver(service.database, service.settings, delivery["id"]) == "retrying"
        (delivery,) = client.get(log).json()["deliveries"]
        assert [t["status_code"] for t in delivery["tries"]] == [500]

        response = client.post(f"{log}/{delivery['id']}/redeliver")
        assert response.status_code == 202
        assert webhooks.deliver(service.database, service.settings, delivery["id"]) == "delivered"
        (delivery,) = client.get(log).json()["deliveries"]
        assert delivery["status"] == "delivered"
        assert [t["status_code"] for t in delivery["tries"]] == [500, 204]
        assert got == [delivery["id"]] * 2
        assert client.post(f"{log}/unknown/redeliver").status_code == 404
