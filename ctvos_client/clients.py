"""The two clients: how requests are sent. What is sent is in `flows`."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from ctvos_client import flows
from ctvos_client.errors import ServiceError, unreachable
from ctvos_client.flows import Flow, Pause, Request

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
# Uploads take as long as they take; answers may be held back for up to a minute.
_TIMEOUT = httpx.Timeout(30, write=None, read=90)


def _method(
    flow: Callable[Arguments, Flow[Result]],
) -> Callable[Concatenate[Client, Arguments], Result]:
    """A flow as a method of `Client`, with its arguments and documentation."""

    @functools.wraps(flow)
    def method(self: Client, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return self._run(flow(*args, **kwargs))

    return method


def _async_method(
    flow: Callable[Arguments, Flow[Result]],
) -> Callable[Concatenate[AsyncClient, Arguments], Awaitable[Result]]:
    """A flow as a method of `AsyncClient`, with its arguments and documentation."""

    @functools.wraps(flow)
    async def method(
        self: AsyncClient, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        return await self._run(flow(*args, **kwargs))

    return method


class Client:
    """Calls of one service, one after the other; used as a context manager.

    Args:
        url: of the service, such as `http://127.0.0.1:8000`.
        api_key: sent as a bearer token.

    Raises:
        ServiceError: `url_invalid`.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._http = httpx.Client(**_options(url, api_key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    submit = _method(flows.submit)
    correct = _method(flows.correct)
    job = _method(flows.job)
    jobs = _method(flows.jobs)
    wait = _method(flows.wait)
    cancel = _method(flows.cancel)
    delete = _method(flows.delete)
    mask = _method(flows.mask)
    confidence = _method(flows.confidence)
    download = _method(flows.download)
    download_masks = _method(flows.download_masks)

    def _run(self, flow: Flow[Result]) -> Result:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = next(flow)
                    continue
                try:
                    response = self._send(step)
                except httpx.TransportError as error:
                    step = flow.throw(unreachable(error))
                else:
                    step = flow.send(response)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            flow.close()

    def _send(self, request: Request) -> httpx.Response:
        with self._http.stream(request.method, request.path, **request.options) as response:
            if request.target is None or not response.is_success:
                response.read()
            else:
                with request.target.open("wb") as file:
                    for chunk in response.iter_bytes():
                        file.write(chunk)
        return response


class AsyncClient:
    """As `Client`, for asyncio: every method is awaited, and many may be under way at a time."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._http = httpx.AsyncClient(**_options(url, api_key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    submit = _async_method(flows.submit)
    correct = _async_method(flows.correct)
    job = _async_method(flows.job)
    jobs = _async_method(flows.jobs)
    wait = _async_method(flows.wait)
    cancel = _async_method(flows.cancel)
    delete = _async_method(flows.delete)
    mask = _async_method(flows.mask)
    confidence = _async_method(flows.confidence)
    download = _async_method(flows.download)
    download_masks = _async_method(flows.download_masks)

    async def _run(self, flow: Flow[Result]) -> Result:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = next(flow)
                    continue
                try:
                    response = await self._send(step)
                except httpx.TransportError as error:
                    step = flow.throw(unreachable(error))
                else:
                    step = flow.send(response)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            flow.close()

    async def _send(self, request: Request) -> httpx.Response:
        async with self._http.stream(request.method, request.path, **request.options) as response:
            if request.target is None or not response.is_success:
                await response.aread()
            else:
                with request.target.open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        file.write(chunk)
        return response


def _options(url: str, api_key: str | None) -> dict[str, Any]:
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ServiceError("url_invalid", f"{url}: expected http://HOST:PORT: {error}") from error
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    return {"base_url": base, "headers": headers, "timeout": _TIMEOUT}
