"""Who asks: decided from the headers alone, before a byte of the body is read."""

import ipaddress
import time
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ctvos_jobs import api_keys
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.database import Database
from ctvos_jobs.settings import Settings
from service.http.problems import Problem, send_problem

LOCAL_KEY_ID = "local"
"""Whose the jobs are that come in before any key is set up."""
REMEMBERED_SECONDS = 1.0
"""How long a key that was looked up is taken as good: a client that polls asks often."""
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="ctvos"'}
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")


class Authentication:
    """ASGI middleware that puts a `Principal` into `scope["state"]` or refuses.

    A key (`Authorization: Bearer ...`) is needed as soon as there is one. Until then only programs
    on this machine are served, which excludes what comes through a proxy, and web pages of other
    sites in a browser on this machine.

    Args:
        app: what is protected.
        public_paths: served to everyone.
    """

    def __init__(self, app: ASGIApp, public_paths: frozenset[str]) -> None:
        self._app = app
        self._public_paths = public_paths
        self._known: dict[str, tuple[float, Principal | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http" or scope["path"] in self._public_paths:
            await self._app(scope, receive, send)
            return
        context = scope["app"].state.context
        try:
            principal = await self._identify(scope, context.database, context.settings)
        except Problem as problem:
            await send_problem(problem, scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, send)

    async def _identify(self, scope: Scope, database: Database, settings: Settings) -> Principal:
        headers = Headers(scope=scope)
        scheme, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip() if scheme.lower() == "bearer" else ""
        known_until, principal = self._known.get(given, (0.0, None))
        if known_until < time.monotonic():
            principal, keys_exist = await run_in_threadpool(_look_up, database, settings, given)
            if principal is None and keys_exist:
                raise _unauthorized(headers)
            # Only what is served is remembered, so guesses at keys take no memory.
            self._known = {k: v for k, v in self._known.items() if v[0] > time.monotonic()}
            self._known[given] = time.monotonic() + REMEMBERED_SECONDS, principal
        if principal is not None:
            return principal
        _require_local(scope, headers)
        return Principal(LOCAL_KEY_ID, admin=True)


async def current_principal(request: Request) -> Principal:
    """Whoever sent a request; asynchronous for the reason that `context_of` is."""
    principal: Principal = request.state.principal
    return principal


def _unauthorized(headers: Headers) -> Problem:
    what = "a valid API key" if "authorization" in headers else "an API key"
    return Problem(
        401,
        "unauthorized",
        f"This needs {what}: send the header 'Authorization: Bearer KEY'.",
        headers=_CHALLENGE,
    )


def _look_up(database: Database, settings: Settings, given: str) -> tuple[Principal | None, bool]:
    with database.reading() as session:
        if given and (found := api_keys.verify(session, given, settings)):
            return found, True
        return None, api_keys.has_keys(session, settings)


def _require_local(scope: Scope, headers: Headers) -> None:
    client = scope.get("client")
    proxied = any(name in headers for name in _PROXY_HEADERS)
    if client is None or proxied or not _is_loopback(client[0]):
        raise Problem(
            403,
            "loopback_only",
            "No API key is set up, so only programs on the same machine are served. "
            "Create a key to serve others.",
        )
    # A web page elsewhere can make a browser send requests here, under its own name or one of its
    # own that resolves to this machine.
    host = headers.get("host", "")
    origin = headers.get("origin")
    if not _is_loopback(urlsplit(f"//{host}").hostname or "") or (
        origin is not None and urlsplit(origin).netloc != host
    ):
        raise Problem(
            403,
            "foreign_origin",
            "No API key is set up, so only requests to localhost from its own pages are served. "
            "Create a key to serve others.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
