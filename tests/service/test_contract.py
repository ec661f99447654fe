"""What the description of the API says, and that the application keeps to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS
from service_helpers import Service, form

from ctvos_jobs import lifecycle, videos, webhooks
from ctvos_jobs.settings import load_settings
from service.app import create_app
from service.http.page_files import page_routes

UNDESCRIBED = {*page_routes(), "/openapi.json", "/docs", "/docs/oauth2-redirect"}


def served() -> set[tuple[str, str]]:
    """Method and path of every route of the application, but for the page and its documentation."""
    return {
        (method.lower(), route.path)
        for route in iter_route_contexts(create_app(load_settings()).routes)
        for method in (route.methods or set()) - {"HEAD"}
        if route.path not in UNDESCRIBED
    }


def operations(client: httpx.Client) -> dict[tuple[str, str], dict]:  # type: ignore[type-arg]
    paths = client.get("/openapi.json").json()["paths"]
    return {(method, path): op for path, item in paths.items() for method, op in item.items()}


def test_every_route_is_described(client: httpx.Client) -> None:
    described = operations(client)
    assert described.keys() == served()
    ids = [op["operationId"] for op in described.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in ids), ids
    for (method, path), op in described.items():
        codes = op["responses"].keys()
        assert {"401", "403", "422", "500"} <= codes, (method, path)
        if "{" in path:
            assert "404" in codes, (method, path)
        for code, answer in op["responses"].items():
            if int(code) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, code)


described = schemathesis.openapi.from_dict(create_app(load_settings()).openapi())
# A stream of events lasts until its job has ended.
finite = described.exclude(operation_id="streamEvents")


@dataclass
class Things:
    """Makes what a request may be about, anew for each: some requests delete it."""

    service: Service
    request: dict[str, Any]
    video: dict[str, Any]

    def ids(self) -> dict[str, str]:
        with self.service.database.session() as session:
            job = lifecycle.new_job(
                session, kind="segment", request=self.request, key_id="local", max_attempts=3
            )
            video = videos.add_video(session, **self.video)
        self.service.finish(job.id, frames=2)
        with self.service.database.reading() as session:
            delivery = webhooks.list_deliveries(session, job.id)[0]
        return {
            "job_id": job.id,
            "video_id": video.id,
            "name": "default",
            "delivery_id": delivery.id,
            "frame": "1",
        }


@pytest.fixture(scope="module")
def things(shared_service: Service, video_bytes: bytes) -> Iterator[Things]:
    arguments = form(video_bytes, outputs="coco,overlay", webhook_url="https://example.com/hook")
    with shared_service.client() as client:
        job_id = client.post("/segment", **arguments).json()["id"]
    with shared_service.database.reading() as session:
        job = lifecycle.get(session, job_id)
    assert job is not None
    names = {"name": "v", "key": "videos/v/video.mp4", "sha256": "0" * 64, "size_bytes": 1}
    yield Things(shared_service, job.request, {**names, "width": 8, "height": 8})
    shared_service.empty()


@finite.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_server_error_and_no_undeclared_answer(case: schemathesis.Case, things: Things) -> None:
    names = ("not_a_server_error", "status_code_conformance", "content_type_conformance")
    names += ("response_schema_conformance",)
    if case.operation.definition.raw["operationId"] == "readiness":
        names = names[1:]  # 503 is its answer while there is no worker
    checks = CHECKS.get_by_names(names)
    case.validate_response(case.call(base_url=things.service.url, timeout=120), checks=checks)
    if case.path_parameters:
        ids = things.ids()
        case.path_parameters = {name: ids.get(name, "x") for name in case.path_parameters}
        answer = case.call(base_url=things.service.url, timeout=120)
        case.validate_response(answer, checks=checks)
        missing = answer.status_code == 404 and answer.json()["code"].endswith("job_not_found")
        assert not missing
