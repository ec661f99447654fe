"""A running service, and both clients behind one face."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctvos_cli.local_service import local_service
from ctvos_client import AsyncClient, Client
from ctvos_core.results import mask_png_bytes
from ctvos_core.video import VideoWriter

FRAMES, WIDTH, HEIGHT = 8, 96, 64


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a service with a worker."""
    with local_service(tmp_path_factory.mktemp("service"), "cpu") as url:
        yield url


class Blocking:
    """An `AsyncClient` whose methods are called as those of `Client` are."""

    def __init__(self, runner: asyncio.Runner, client: AsyncClient) -> None:
        self._runner, self._client = runner, client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **kwargs: self._runner.run(method(*args, **kwargs))


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`with connect(url) as client`: either client, for the same test."""
    if request.param == "sync":
        return Client

    @contextmanager
    def connect(*args: Any) -> Iterator[Blocking]:
        with asyncio.Runner() as runner:
            client = AsyncClient(*args)
            yield Blocking(runner, client)
            runner.run(client.close())

    return connect


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red square that moves right."""
    return write_square(tmp_path_factory.mktemp("clip") / "square.mp4", FRAMES)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same to and fro, long enough to keep the worker busy for a whole test."""
    return write_square(tmp_path_factory.mktemp("clip") / "long.mp4", 50 * FRAMES)


def write_square(path: Path, frames: int) -> Path:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    with VideoWriter(path, WIDTH, HEIGHT) as video:
        for index in range(frames):
            left = 8 + 2 * (index % FRAMES)
            image = np.stack([60 + rows, 70 + columns, 90 + rows // 2], -1).astype(np.uint8)
            image[16:40, left : left + 24] = (230, 60, 40)
            video.write(image, index / 25)
    return path


@pytest.fixture(scope="session")
def mask() -> bytes:
    """Of the first frame."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[16:40, 8:32] = 1
    return mask_png_bytes(labels)


@pytest.fixture(scope="session")
def nothing() -> bytes:
    return mask_png_bytes(np.zeros((HEIGHT, WIDTH), np.uint8))
