"""A client of the service's HTTP interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx

from ctvos_core.errors import InputError

_POLL_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 60.0
_TRIES = 8
_BUSY = frozenset({429, 502, 503, 504})
TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})


@dataclass(frozen=True)
class RemoteJob:
    """What the service says of a job."""

    id: str
    status: str
    phase: str | None
    done: int
    total: int | None
    error: dict[str, Any] | None
    links: dict[str, str]

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> RemoteJob:
        """From the body of `GET /jobs/{id}`."""
        progress = body["progress"]
        return cls(
            body["id"],
            body["status"],
            body["phase"],
            progress["done"],
            progress["total"],
            body["error"],
            body["links"],
        )


class ServiceClient:
    """Calls of one service; used as a context manager.

    Answers that ask to come back later (429, 503 and the like) are waited for as they say.

    Args:
        url: of the service, such as `http://127.0.0.1:8000`.
        api_key: sent as a bearer token.

    Raises:
        InputError: `service_unreachable`, or what the service refused, with its code.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        timeout = httpx.Timeout(30, write=None)
        try:
            self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout)
        except httpx.InvalidURL as error:
            raise InputError("url_invalid", f"{url}: expected http://HOST:PORT: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def submit(
        self,
        video: Path,
        masks: Sequence[tuple[int, Path]],
        *,
        outputs: Sequence[str] = ("masks",),
        model: str | None = None,
        on_bytes: Callable[[int, int], None] | None = None,
    ) -> RemoteJob:
        """Upload a video and its masks.

        Args:
            video: a file.
            masks: frame and mask of that frame.
            outputs: of `masks`, `coco`, `overlay`, `alpha`.
            model: None: the promoted one.
            on_bytes: told of bytes sent and bytes in all of the video.
        """
        fields = {"outputs": ",".join(outputs)} | ({"model": model} if model else {})
        with ExitStack() as stack:
            files: list[tuple[str, Any]] = []
            for frame, mask in masks:
                image = stack.enter_context(_opened(mask))
                files += [("mask", (mask.name, image, "image/png")), ("frame", (None, str(frame)))]
            film = stack.enter_context(_opened(video))
            upload = _Upload(film, video.stat().st_size, on_bytes) if on_bytes else film
            files.append(("video", (video.name, upload, "application/octet-stream")))

            def rewind_and_send() -> httpx.Response:
                for _, (_, file, *_rest) in files:
                    if not isinstance(file, str):
                        file.seek(0)
                return self._http.post("/segment", data=fields, files=files)

            return RemoteJob.from_json(_call(rewind_and_send).json())

    def job(self, job_id: str) -> RemoteJob:
        """A job as it is now."""
        return RemoteJob.from_json(_call(lambda: self._http.get(f"/jobs/{job_id}")).json())

    def wait(self, job_id: str, on_progress: Callable[[RemoteJob], None]) -> RemoteJob:
        """Ask until the job has ended, as often as the service wants to be asked.

        Args:
            job_id: which job.
            on_progress: told of every answer.
        """
        while True:
            response = _call(lambda: self._http.get(f"/jobs/{job_id}"))
            job = RemoteJob.from_json(response.json())
            on_progress(job)
            if job.status in TERMINAL:
                return job
            time.sleep(_retry_after(response, _POLL_SECONDS))

    def download(self, path: str, target: Path) -> None:
        """Stream an artifact to a file."""
        partial = target.with_name(f".{target.name}.partial")

        def fetch() -> httpx.Response:
            with self._http.stream("GET", path) as response, partial.open("wb") as file:
                if not response.is_success:
                    response.read()
                    return response
                for chunk in response.iter_bytes():
                    file.write(chunk)
            return response

        try:
            _call(fetch)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


class _Upload:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], size: int, on_bytes: Callable[[int, int], None]) -> None:
        self._file, self._size, self._on_bytes = file, size, on_bytes

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._on_bytes(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError("file_not_found", f"{path}: expected a file: {error.strerror}") from error
    with file:
        yield file


def _call(send: Callable[[], httpx.Response]) -> httpx.Response:
    """An answer that is a success; what is busy is asked again, whatever else is refused raises."""
    for attempt in range(1, _TRIES + 1):
        try:
            response = send()
        except httpx.TransportError as error:
            raise InputError(
                "service_unreachable", f"expected a service that answers: {error}"
            ) from error
        if response.is_success:
            return response
        if response.status_code not in _BUSY or attempt == _TRIES:
            break
        time.sleep(_retry_after(response, _POLL_SECONDS * attempt))
    raise _refusal(response)


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
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _refusal(response: httpx.Response) -> InputError:
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError):
        code, detail = "service_error", response.reason_phrase
    return InputError(code, f"{response.url.path}: {response.status_code}: {detail}")
