"""What the clients do with answers, without a network: flows are told the answers."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from ctvos_client import Mask, ServiceError, flows
from ctvos_client.errors import UNREACHABLE
from ctvos_client.flows import Flow, Pause, Request

JOB: dict[str, Any] = {
    "id": "a" * 32,
    "kind": "segment",
    "status": "running",
    "phase": "segmenting",
    "progress": {"done": 1, "total": 8, "rate": 2.0, "eta_seconds": 3.5},
    "attempt": 1,
    "error": None,
    "model": None,
    "created_at": "2026-11-24T10:00:00Z",
    "started_at": None,
    "finished_at": None,
    "expires_at": None,
    "links": {},
    "of_a_later_version": 1,
}


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request("GET", "http://host/jobs/a")
    return httpx.Response(
        status, json=JOB if body is None else body, headers=headers, request=request
    )


def result_of(flow: Flow[Any], last: httpx.Response) -> Any:
    with pytest.raises(StopIteration) as ended:
        flow.send(last)
    return ended.value.value


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_service_is_asked_again_when_it_says(status: int) -> None:
    flow = flows.job("a")
    request = next(flow)
    assert isinstance(request, Request)
    assert flow.send(answer(status, retry_after="7")) == Pause(7)
    assert next(flow) == request
    assert result_of(flow, answer()).progress.eta_seconds == 3.5


def test_retry_after_may_be_a_date_and_is_not_followed_for_ever() -> None:
    flow = flows.job("a")
    next(flow)
    at = datetime.now(UTC) + timedelta(seconds=30)
    pause = flow.send(answer(503, retry_after=format_datetime(at, usegmt=True)))
    assert isinstance(pause, Pause)
    assert 0 < pause.seconds <= 30
    next(flow)
    assert flow.send(answer(503, retry_after="86400")) == Pause(60)
    next(flow)
    assert flow.send(answer(503, retry_after="soon")) == Pause(6)


def test_a_service_that_stays_busy_is_given_up() -> None:
    flow = flows.job("a")
    step = next(flow)
    with pytest.raises(ServiceError) as caught:  # noqa: PT012
        while True:
            step = next(flow) if isinstance(step, Pause) else flow.send(answer(503, {"code": "x"}))
    assert (caught.value.code, caught.value.status_code) == ("service_error", 503)


def test_a_wait_has_the_answer_held_back_for_as_long_as_the_service_says() -> None:
    told: list[Any] = []
    flow = flows.wait("a", on_progress=told.append)
    first = next(flow)
    assert isinstance(first, Request)
    assert first.options["headers"] == {}
    second = flow.send(answer(retry_after="2"))
    assert isinstance(second, Request)
    assert second.options["headers"] == {"Prefer": "wait=2"}
    pause = flow.send(answer(retry_after="2"))  # at once: whoever answers cannot wait
    assert isinstance(pause, Pause)
    assert 0 < pause.seconds <= 2
    assert next(flow) == second
    assert result_of(flow, answer(body={**JOB, "status": "succeeded"})).has_ended
    assert [job.status for job in told] == ["running", "running", "succeeded"]


def test_a_wait_bears_a_short_absence_and_a_question_does_not() -> None:
    absence = ServiceError(UNREACHABLE, "nobody there")
    waiting = flows.wait("a")
    request = next(waiting)
    assert waiting.throw(absence) == Pause(1)
    assert next(waiting) == request
    assert waiting.throw(absence) == Pause(2)
    asking = flows.job("a")
    next(asking)
    with pytest.raises(ServiceError):
        asking.throw(absence)


def test_a_failed_job_raises_with_its_own_code() -> None:
    flow = flows.job("a")
    next(flow)
    error = {"code": "video_corrupt", "detail": "frame 3 is damaged", "retryable": False}
    job = result_of(flow, answer(body={**JOB, "status": "failed", "error": error}))
    with pytest.raises(ServiceError, match="frame 3 is damaged") as caught:
        job.raise_for_status()
    assert caught.value.code == "video_corrupt"


def test_a_form_says_only_what_was_chosen_and_can_be_sent_again() -> None:
    masks = [Mask(b"png", 3), Mask(b"png", 5, objects=[2, 1])]
    flow = flows.submit(b"video", masks, adapt=True, object_names={2: "dog"})
    request = next(flow)
    assert isinstance(request, Request)
    assert request.options["data"] == {
        "outputs": "masks",
        "adapt": "true",
        "object_names": '{"2": "dog"}',
    }
    texts = [(name, part[1]) for name, part in request.options["files"] if part[0] is None]
    assert texts == [("frame", "3"), ("frame", "5"), ("objects", ""), ("objects", "2,1")]
    assert request.options["headers"]["Idempotency-Key"]
    assert flow.send(answer(503, retry_after="1")) == Pause(1)
    assert next(flow) is request  # with the same key
    flow.close()
