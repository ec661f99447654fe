"""The process behind uploads' checks is replaced when it dies, and ends with the application."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest
from service_helpers import Service, form, make_settings
from waiting import PATIENCE_SECONDS

from service.probe.prober import Prober


@pytest.fixture
def folder(tmp_path: Path, video_bytes: bytes) -> Path:
    (tmp_path / "video").write_bytes(video_bytes)
    return tmp_path


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def test_a_server_that_was_killed_is_replaced(folder: Path) -> None:
    async def look() -> None:
        prober = Prober(make_settings(folder / "data"))
        before = set(children())
        prober.start()
        try:
            for _ in range(3):
                video, _ = await prober.probe(folder, video="video", masks=[])
                assert video.frames == 12
                (server,) = set(children()) - before
                os.kill(server.pid, signal.SIGKILL)
        finally:
            prober.close()
        assert set(children()) == before

    asyncio.run(look())


def test_an_order_outlives_its_server(folder: Path) -> None:
    """Killed while orders are under way."""

    async def look() -> None:
        prober = Prober(make_settings(folder / "data"))
        before = set(children())
        prober.start()
        try:
            (server,) = set(children()) - before
            os.kill(server.pid, signal.SIGSTOP)
            order = asyncio.create_task(prober.probe(folder, video="video", masks=[]))
            await asyncio.sleep(0.05)
            os.kill(server.pid, signal.SIGKILL)
            video, _ = await order
            assert video.frames == 12
        finally:
            prober.close()

    asyncio.run(look())


def test_a_given_up_order_ends_its_child(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    async def look() -> None:
        prober = Prober(make_settings(folder / "data"))
        before = set(children())
        prober.start()
        try:
            (server,) = set(children()) - before
            # A pipe that nobody writes to: its child waits for ever.
            order = asyncio.create_task(prober.probe(folder, video="pipe", masks=[]))
            while not server.children():
                await asyncio.sleep(0.01)
            (child,) = server.children()
            order.cancel()
            with pytest.raises(asyncio.CancelledError):
                await order
            await asyncio.to_thread(child.wait, PATIENCE_SECONDS)
            video, _ = await prober.probe(folder, video="video", masks=[])
            assert video.frames == 12
        finally:
            prober.close()

    asyncio.run(look())


def test_uploads_are_looked_at_by_a_child_without_secrets(
    service: Service, video_bytes: bytes
) -> None:
    with service.client() as client:
        assert client.post("/segment", **form(video_bytes)).status_code == 202
    (server,) = [p for p in children() if "service.probe.fork_server" in p.cmdline()]
    allowed = {"PYTHONPATH", "MALLOC_ARENA_MAX", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    assert {name for name in server.environ() if not name.startswith("LC_")} <= allowed
