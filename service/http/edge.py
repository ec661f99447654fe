"""What every request and response goes through besides authentication."""

import re
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import Problem, send_problem

MAX_JSON_BYTES = 1 << 20
_METHODS = ("GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS")
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DOCS_POLICY = (
    "default-src 'self'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    "style-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    "img-src data: https://fastapi.tiangolo.com; frame-ancestors 'none'"
)
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """ASGI middleware: headers that keep browsers from doing more than they should.

    Args:
        app: what answers.
        page_paths: which are web pages, with what those load.
    """

    def __init__(self, app: ASGIApp, page_paths: frozenset[str]) -> None:
        self._app = app
        self._page_paths = page_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response back with more headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        policy = PAGE_POLICY if path in self._page_paths else _API_POLICY
        if path.startswith("/docs"):
            policy = DOCS_POLICY

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                for name, value in _SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """ASGI middleware: a body that is held in memory as a whole is small.

    Uploads are not: routes that are described as multipart read the stream themselves, with limits
    of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploads: list[re.Pattern[str]] | None = None

    def _is_upload(self, scope: Scope) -> bool:
        if self._uploads is None:
            self._uploads = _upload_paths(scope["app"].openapi())
        return any(path.fullmatch(scope["path"]) for path in self._uploads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on unless its body is, or turns out to be, too large."""
        if scope["type"] != "http" or self._is_upload(scope):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > MAX_JSON_BYTES:
            await send_problem(_too_large(), scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_JSON_BYTES:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


class RequestMetrics:
    """ASGI middleware: counts requests and times them, by route and status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and record how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            # The path itself would make a new series for every job.
            route = getattr(scope.get("route"), "path", "unknown")
            meters = scope["app"].state.context.meters
            method = scope["method"] if scope["method"] in _METHODS else "other"
            meters.requests.labels(method, route, str(status)).observe(
                time.perf_counter() - started
            )


def _upload_paths(description: dict[str, Any]) -> list[re.Pattern[str]]:
    """The paths at which an OpenAPI description has an operation with a multipart body."""
    return [
        compile_path(path)[0]
        for path, operations in description["paths"].items()
        if any(
            "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
            for operation in operations.values()
        )
    ]


def _too_large() -> Problem:
    return Problem(
        413, "request_too_large", f"expected a body of at most {MAX_JSON_BYTES} bytes, got more"
    )
