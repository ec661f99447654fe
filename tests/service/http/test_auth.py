"""Who is served, and what is decided before a body is read."""

import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from service_helpers import Service, form, problem_of
from waiting import PATIENCE_SECONDS

from ctvos_jobs.api_keys import create_key, revoke_key
from service.http.auth import REMEMBERED_SECONDS


def new_key(service: Service, name: str, *, admin: bool = False) -> dict[str, str]:
    with service.database.session() as session:
        return {"Authorization": f"Bearer {create_key(session, name, admin)[1]}"}


def test_without_keys_this_machine_is_served(client: httpx.Client) -> None:
    assert client.get("/jobs").status_code == 200


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("X-Forwarded-For", "203.0.113.9", "loopback_only"),
        ("Forwarded", "for=203.0.113.9", "loopback_only"),
        ("Host", "rebound.example.com", "foreign_origin"),
        ("Origin", "https://evil.example.com", "foreign_origin"),
        ("Origin", "null", "foreign_origin"),
    ],
)
def test_without_keys_proxies_and_foreign_pages_are_refused(
    client: httpx.Client, header: str, value: str, code: str
) -> None:
    response = client.get("/jobs", headers={header: value})
    assert response.status_code == 403
    assert problem_of(response)["code"] == code


def test_without_keys_the_own_page_is_served(client: httpx.Client, service: Service) -> None:
    assert client.get("/jobs", headers={"Origin": service.url}).status_code == 200


def test_with_a_key_everybody_needs_one(serving: Callable[..., Any]) -> None:
    with serving(api_key="a-long-secret") as service, service.client() as client:
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic YTpi"},
            {"Authorization": "Bearer ctvos_000000000000_" + "x" * 43},
            {"Authorization": "Bearer \xff"},
        ):
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            response = client.get("/jobs", headers=encoded)
            assert response.status_code == 401, headers
            assert problem_of(response)["code"] == "unauthorized"
            assert response.headers["www-authenticate"].startswith("Bearer")
        key = {"Authorization": "Bearer a-long-secret"}
        assert client.get("/jobs", headers=key).status_code == 200
        assert client.get("/jobs", headers={**key, "Host": "api.example.com"}).status_code == 200
        for path in ("/healthz", "/openapi.json", "/docs"):
            assert client.get(path).status_code == 200
        assert client.get("/metrics").status_code == 401


def test_keys_see_their_own_things_only(serving: Callable[..., Any], video_bytes: bytes) -> None:
    with serving() as service, service.client() as client:
        anna, ben = new_key(service, "anna"), new_key(service, "ben")
        admin = new_key(service, "admin", admin=True)
        job = client.post("/segment", **form(video_bytes), headers=anna).json()
        video = client.post("/videos", files={"video": video_bytes}, headers=anna).json()
        paths = [f"/jobs/{job['id']}{more}" for more in ("", "/events", "/masks/0", "/webhooks")]
        for path in (*paths, f"/videos/{video['id']}"):
            response = client.get(path, headers=ben)
            assert response.status_code == 404, path
        for method, path in (
            ("POST", f"/jobs/{job['id']}/cancel"),
            ("DELETE", f"/jobs/{job['id']}"),
            ("DELETE", f"/videos/{video['id']}"),
        ):
            assert client.request(method, path, headers=ben).status_code == 404
        assert client.get("/jobs", headers=ben).json()["jobs"] == []
        assert client.get("/videos", headers=ben).json()["videos"] == []
        order = {"videos": [video["id"]]}
        assert client.post("/train", json=order, headers=ben).status_code == 422
        for headers in (anna, admin):
            assert len(client.get("/jobs", headers=headers).json()["jobs"]) == 1
            assert client.get(f"/jobs/{job['id']}", headers=headers).json()["status"] == "queued"
        assert client.post("/models/default/promote", headers=ben).status_code == 403
        assert client.post("/models/default/promote", headers=admin).status_code == 200
        with service.database.session() as session:
            revoke_key(session, anna["Authorization"].split("_")[1])
        time.sleep(REMEMBERED_SECONDS + 0.1)
        assert client.get("/jobs", headers=anna).status_code == 401


def first_answer(service: Service, request: str) -> str:
    """Send a request's head, and none of its body; the status line of the answer."""
    address = service.url.removeprefix("http://").split(":")
    where = address[0], int(address[1])
    with socket.create_connection(where, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        return connection.recv(65536).decode().splitlines()[0]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Content-Type: multipart/form-data; boundary=b\nContent-Length: 1000", 401),
        ("Authorization: Bearer k\nContent-Type: video/mp4\nContent-Length: 1000", 415),
        (
            "Authorization: Bearer k\nContent-Type: multipart/form-data; boundary=b\n"
            "Content-Length: 99999999999",
            413,
        ),
    ],
)
def test_refused_before_the_body_is_sent(
    serving: Callable[..., Any], headers: str, status: int
) -> None:
    with serving(api_key="k") as service:
        line = first_answer(service, f"POST /segment HTTP/1.1\nHost: x\n{headers}\n\n")
        assert f" {status} " in line
        assert service.files() == []


def test_every_answer_carries_security_headers(client: httpx.Client) -> None:
    for path in ("/jobs", "/nowhere", "/healthz", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
