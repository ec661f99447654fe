"""Clips, and the service's parts around a worker in a process of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_house import LONG_FRAMES, House, truth, write_clip

from ctvos_core.results import write_mask


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight frames."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 8)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames enough for something to happen in between."""
    return write_clip(tmp_path_factory.mktemp("clip") / "long.mp4", LONG_FRAMES)


@pytest.fixture(scope="session")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mask") / "mask.png"
    write_mask(path, truth(0))
    return path


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("data"))
    try:
        yield house
    finally:
        house.close()


@pytest.fixture(scope="module")
def worker(house: House) -> Iterator["subprocess.Popen[bytes]"]:
    """One segment worker with one process, for all tests of a module."""
    worker = house.start_worker()
    yield worker
    house.kill(worker)
