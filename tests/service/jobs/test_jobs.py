"""Looking at jobs, waiting for them, cancelling and deleting them."""

import threading
import time

import httpx
import pytest
from service_helpers import Service, form, problem_of

from ctvos_jobs import lifecycle


@pytest.fixture
def job_id(client: httpx.Client, video_bytes: bytes) -> str:
    return str(client.post("/segment", **form(video_bytes)).json()["id"])


def test_a_running_job_shows_its_progress(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    job = service.claim(job_id)
    with service.database.session() as session:
        lifecycle.progress(
            session, job_id, job.attempt, phase="segmenting", done=3, total=12, rate=4.5
        )
    response = client.get(f"/jobs/{job_id}")
    shown = response.json()
    assert response.headers["retry-after"]
    assert (shown["status"], shown["phase"], shown["attempt"]) == ("running", "segmenting", 1)
    assert shown["progress"] == {"done": 3, "total": 12, "rate": 4.5, "eta_seconds": 2.0}


def test_a_failed_job_shows_its_error(client: httpx.Client, service: Service, job_id: str) -> None:
    job = service.claim(job_id)
    with service.database.session() as session:
        lifecycle.fail(session, job_id, job.attempt, "video_corrupt", "frame 3", retryable=False)
    response = client.get(f"/jobs/{job_id}")
    assert response.json()["status"] == "failed"
    assert response.json()["error"] == {
        "code": "video_corrupt",
        "detail": "frame 3",
        "retryable": False,
    }
    assert "retry-after" not in response.headers


def test_lists_go_by_page_newest_first(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    made = [client.post("/segment", **form(video_bytes)).json()["id"] for _ in range(5)]
    service.finish(made[1])
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = client.get("/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [job["id"] for job in page.json()["jobs"]]
        cursor, pages = page.json()["next_cursor"], pages + 1
    assert seen == made[::-1]
    assert pages == 3
    done = client.get("/jobs", params={"status": "succeeded"}).json()["jobs"]
    assert [job["id"] for job in done] == [made[1]]
    assert client.get("/jobs", params={"kind": "train"}).json()["jobs"] == []


@pytest.mark.parametrize("query", ["cursor=nonsense", "limit=0", "limit=9999", "status=odd"])
def test_wrong_queries_are_refused(client: httpx.Client, query: str) -> None:
    response = client.get(f"/jobs?{query}")
    assert response.status_code == 422
    assert query.partition("=")[0] in problem_of(response)["detail"]


def test_a_waiting_job_is_cancelled_at_once(client: httpx.Client, job_id: str) -> None:
    response = client.post(f"/jobs/{job_id}/cancel")
    assert response.status_code == 202
    assert response.json()["status"] == "cancelled"
    assert client.post(f"/jobs/{job_id}/cancel").json()["status"] == "cancelled"


def test_a_running_job_is_asked_to_stop(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    job = service.claim(job_id)
    assert client.post(f"/jobs/{job_id}/cancel").json()["status"] == "running"
    with service.database.session() as session:
        assert lifecycle.heartbeat(session, job_id, job.attempt, 60) == "cancelled"
        assert lifecycle.finish_cancelled(session, job_id, job.attempt)
    assert client.get(f"/jobs/{job_id}").json()["status"] == "cancelled"


def test_deleting_takes_the_files_and_the_job(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    service.finish(job_id)
    assert service.files()
    response = client.delete(f"/jobs/{job_id}")
    assert (response.status_code, response.content) == (204, b"")
    assert service.files() == []
    for path in ("", "/masks", "/events", "/webhooks"):
        response = client.get(f"/jobs/{job_id}{path}")
        assert response.status_code == 404
        assert problem_of(response)["code"] == "job_not_found"
    assert client.delete(f"/jobs/{job_id}").status_code == 404
    assert client.get("/jobs").json()["jobs"] == []


def test_deleting_a_running_job_stops_it(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    job = service.claim(job_id)
    assert client.delete(f"/jobs/{job_id}").status_code == 204
    with service.database.session() as session:
        assert lifecycle.heartbeat(session, job_id, job.attempt, 60) == "cancelled"


def test_prefer_wait_returns_when_the_job_has_finished(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    def finish_later() -> None:
        time.sleep(0.5)
        service.finish(job_id)

    worker = threading.Thread(target=finish_later)
    worker.start()
    response = client.get(f"/jobs/{job_id}", headers={"Prefer": "respond-async, wait=30"})
    worker.join()
    assert response.json()["status"] == "succeeded"
    assert response.headers["preference-applied"] == "wait=30"


def test_unknown_ids_and_paths_and_methods(client: httpx.Client) -> None:
    for method, path, status, code in (
        ("GET", "/jobs/0123456789abcdef0123456789abcdef", 404, "job_not_found"),
        ("GET", "/jobs/..%2F..%2Fetc%2Fpasswd", 404, "not_found"),
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/segment", 405, "method_not_allowed"),
        ("GET", "/segment", 405, "method_not_allowed"),
        ("PATCH", "/jobs", 405, "method_not_allowed"),
    ):
        response = client.request(method, path)
        assert response.status_code == status, path
        assert problem_of(response)["code"] == code
        if status == 405:
            assert response.headers["allow"]
