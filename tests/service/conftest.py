"""The real application, with its own Redis and database, and a small real video."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from service_helpers import FRAMES, SIZE, Service, make_settings, serve

from ctvos_core.video import VideoWriter


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serve(make_settings(tmp_path_factory.mktemp("service"))) as running:
        yield running


@pytest.fixture
def service(shared_service: Service) -> Iterator[Service]:
    """The application, empty again after each test."""
    yield shared_service
    shared_service.empty()


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as connected:
        yield connected


@pytest.fixture
def serving(tmp_path: Path) -> Callable[..., Any]:
    """`with serving(max_frames=3) as service`: an application with other settings."""
    return lambda **overrides: serve(make_settings(tmp_path / "data", **overrides))


@pytest.fixture(scope="session")
def video_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An mp4 of 12 frames of 96x64."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    with VideoWriter(path, *SIZE) as writer:
        for index in range(FRAMES):
            writer.write(np.full((SIZE[1], SIZE[0], 3), 40 + 10 * index, np.uint8), index / 25)
    return path.read_bytes()
