"""What each call of the client does, apart from how requests are sent: once for both clients.

A flow is a generator: it yields requests and pauses, is sent the answers, and returns its result.
"""

from __future__ import annotations

import json
import math
import os
import time
import uuid
import zipfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from ctvos_client.errors import UNREACHABLE, ServiceError, refusal
from ctvos_client.forms import File, Mask, OnUpload, segmentation_form
from ctvos_client.models import Confidence, Job, JobPage, Kind, Output, Status

_POLL_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_TRIES = 8
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Request:
    """A request to be sent."""

    method: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of `httpx.Client.stream`."""
    target: Path | None = None
    """Where the body of a success goes; None: into the answer."""


@dataclass(frozen=True)
class Pause:
    """Time to let pass."""

    seconds: float


Result = TypeVar("Result")
Flow = Generator[Request | Pause, Any, Result]


def submit(
    video: File,
    masks: Sequence[Mask],
    *,
    outputs: Sequence[Output] = ("masks",),
    model: str | None = None,
    adapt: bool = False,
    object_names: Mapping[int, str] | None = None,
    webhook_url: str | None = None,
    idempotency_key: str | None = None,
    on_upload: OnUpload | None = None,
) -> Flow[Job]:
    """Upload a video and masks of some of its frames, and have it segmented.

    Args:
        video: a path, or the content; streamed from disk.
        masks: at least one.
        outputs: of `masks`, `coco`, `overlay`, `alpha`; masks are always made.
        model: a model's name; None: the promoted one.
        adapt: train the network on the video itself for a few steps first.
        object_names: by object id.
        webhook_url: gets a signed POST when the job ends.
        idempotency_key: sent again with the same files it gives the same job; by default a new one.
        on_upload: told of bytes sent and bytes in all of the video.

    Raises:
        ServiceError: refused, or no answer.
        OSError: a file cannot be read.
    """
    names = None if object_names is None else json.dumps(object_names)
    texts = {
        "outputs": ",".join(outputs),
        "model": model,
        "adapt": "true" if adapt else None,
        "object_names": names,
        "webhook_url": webhook_url,
    }
    return (yield from _start("/segment", texts, video, masks, idempotency_key, on_upload))


def correct(
    job_id: str,
    masks: Sequence[Mask],
    *,
    outputs: Sequence[Output] | None = None,
    webhook_url: str | None = None,
    idempotency_key: str | None = None,
) -> Flow[Job]:
    """Segment again with better masks of some frames; what they cannot change is kept.

    Args:
        job_id: of a segmentation that has succeeded.
        masks: of frames; `Mask.objects` can say that an object is not there.
        outputs: by default those of the job.
        webhook_url: by default that of the job.
        idempotency_key: see `submit`.

    Returns:
        The new job.

    Raises:
        ServiceError: refused, or no answer.
        OSError: a file cannot be read.
    """
    listed = None if outputs is None else ",".join(outputs)
    texts = {"outputs": listed, "webhook_url": webhook_url}
    path = f"/jobs/{job_id}/corrections"
    return (yield from _start(path, texts, None, masks, idempotency_key, None))


def job(job_id: str) -> Flow[Job]:
    """A job as it is now."""
    return Job.from_json((yield from _answer(Request("GET", f"/jobs/{job_id}"))).json())


def jobs(
    *,
    status: Status | None = None,
    kind: Kind | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Flow[JobPage]:
    """Jobs, newest first, a page at a time."""
    asked = {"status": status, "kind": kind, "limit": limit, "cursor": cursor}
    params = {name: value for name, value in asked.items() if value is not None}
    answer = yield from _answer(Request("GET", "/jobs", {"params": params}))
    return JobPage.from_json(answer.json())


def wait(
    job_id: str,
    *,
    on_progress: Callable[[Job], None] | None = None,
    timeout_seconds: float | None = None,
) -> Flow[Job]:
    """Wait until a job has ended; see `Job.raise_for_status`.

    The service says in `Retry-After` how often it wants to be asked, and is asked to hold its
    answer back so long (`Prefer: wait`), so that the end is known at once. Short absences of the
    service are borne.

    Args:
        job_id: which job.
        on_progress: told of every answer.
        timeout_seconds: give up after so long; None: never.

    Raises:
        ServiceError: `wait_timeout`; refused, or no answer for about half a minute.
    """
    deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
    headers: dict[str, str] = {}
    held = 0.0
    while True:
        asked = time.monotonic()
        request = Request("GET", f"/jobs/{job_id}", {"headers": headers})
        response = yield from _answer(request, is_patient=True)
        now = Job.from_json(response.json())
        if on_progress is not None:
            on_progress(now)
        if now.has_ended:
            return now
        left = deadline - time.monotonic()
        if left <= 0:
            detail = f"job {job_id}: expected it to end within {timeout_seconds:g} seconds"
            raise ServiceError("wait_timeout", f"{detail}, it is {now.status}")
        if (early := asked + held - time.monotonic()) > 0:  # it was not held back
            yield Pause(early)
        held = min(_retry_after(response, _POLL_SECONDS), left)
        headers = {"Prefer": f"wait={math.ceil(held)}"}


def cancel(job_id: str) -> Flow[Job]:
    """Cancel a job: at once if it waits, within a frame if it runs; ended ones stay as they are."""
    answer = yield from _answer(Request("POST", f"/jobs/{job_id}/cancel"))
    return Job.from_json(answer.json())


def delete(job_id: str) -> Flow[None]:
    """Cancel a job if need be, and delete it with all its files."""
    yield from _answer(Request("DELETE", f"/jobs/{job_id}"))


def mask(job_id: str, frame: int) -> Flow[bytes]:
    """The mask of a frame as an indexed PNG, as soon as it exists (before: code `not_ready`)."""
    answer = yield from _answer(Request("GET", f"/jobs/{job_id}/masks/{frame}"))
    content: bytes = answer.content
    return content


def confidence(job_id: str) -> Flow[Confidence]:
    """How sure each object of each frame is, and the frames worth a look."""
    answer = yield from _answer(Request("GET", f"/jobs/{job_id}/confidence"))
    return Confidence.from_json(answer.json())


def download(job_id: str, output: Output, target: str | os.PathLike[str]) -> Flow[Path]:
    """Stream an output to a file, which is there when it is whole; returns its path.

    Raises:
        ServiceError: such as `output_not_requested`, or no answer.
        OSError: the file cannot be written.
    """
    path = Path(target)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield from _answer(Request("GET", f"/jobs/{job_id}/{output}", target=partial))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def download_masks(job_id: str, folder: str | os.PathLike[str]) -> Flow[list[Path]]:
    """Put the masks of all frames into a folder, which is made; returns their paths in order."""
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    archive = into / ".masks.zip"
    try:
        yield from download(job_id, "masks", archive)
        paths = []
        with zipfile.ZipFile(archive) as masks:
            for entry in masks.infolist():
                # The service's word is not enough for where on this machine a file goes.
                paths.append(into / Path(entry.filename).name)
                paths[-1].write_bytes(masks.read(entry))
    finally:
        archive.unlink(missing_ok=True)
    return paths


def _start(
    path: str,
    texts: Mapping[str, str | None],
    video: File | None,
    masks: Sequence[Mask],
    key: str | None,
    on_upload: OnUpload | None,
) -> Flow[Job]:
    options: dict[str, Any] = {
        "data": {name: text for name, text in texts.items() if text is not None},
        "headers": {"Idempotency-Key": key or uuid.uuid4().hex},
    }
    with segmentation_form(video, masks, on_upload) as files:
        answer = yield from _answer(Request("POST", path, {**options, "files": files}))
    return Job.from_json(answer.json())


def _answer(request: Request, is_patient: bool = False) -> Flow[httpx.Response]:
    """A success; a busy service is asked again when it says, and a patient flow bears absence."""
    for attempt in range(1, _TRIES + 1):
        try:
            response: httpx.Response = yield request
        except ServiceError as error:
            if error.code != UNREACHABLE or not is_patient or attempt == _TRIES:
                raise
            yield Pause(attempt)
            continue
        if response.is_success:
            return response
        if response.status_code not in _BUSY or attempt == _TRIES:
            raise refusal(response)
        yield Pause(_retry_after(response, _POLL_SECONDS * attempt))
    raise AssertionError("the last try returns or raises")


def _retry_after(response: httpx.Response, default: float) -> float:
    """Seconds that `Retry-After`, a number or a date, asks to wait."""
    text = response.headers.get("Retry-After", "")
    try:
        seconds = float(text) if text else default
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            seconds = default
    return min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS)
