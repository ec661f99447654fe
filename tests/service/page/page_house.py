"""A whole service for a browser: API and worker in processes of their own, and small clips."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from playwright.sync_api import Page, expect
from waiting import PATIENCE_SECONDS, wait_until

from ctvos_core.video import VideoWriter
from ctvos_jobs import events
from ctvos_jobs.embedded_redis import EmbeddedRedis

WIDTH, HEIGHT, SIDE = 96, 64, 24
SHOTS = os.environ.get("CTVOS_SCREENSHOTS")
"""A folder for pictures of every step; not set: none are taken."""
_ENVIRONMENT = {
    "CTVOS_DEVICE": "cpu",
    "CTVOS_MIN_FREE_BYTES": "1000000",
    "CTVOS_LOG_LEVEL": "WARNING",
    "OMP_NUM_THREADS": "1",
}


class PageHouse:
    """Redis, `ctvos api` on a port that stays the same, and `ctvos worker segment`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = {**_ENVIRONMENT, "CTVOS_DATA_DIR": str(folder), **environment}
        self._key = environment.get("CTVOS_API_KEY")
        self._redis = EmbeddedRedis(folder)
        self._redis.start()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_api(self) -> None:
        self._start("api", "--port", str(self._port))

    def start_worker(self) -> None:
        self._start("worker", "segment")

    def wait_until_ready(self, path: str = "/readyz") -> None:
        def answers() -> bool:
            try:
                return self.client().get(path).is_success
            except httpx.TransportError:
                return False

        wait_until(answers, f"{path} to answer")

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return httpx.Client(
            base_url=self.url, timeout=PATIENCE_SECONDS, trust_env=False, headers=headers
        )

    def stop(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @contextmanager
    def paused_worker(self) -> Iterator[None]:
        """Have the worker and its children stand still, after the jobs that it has."""
        wait_until(self._is_idle, "the end of all jobs")  # in their middle it may lock the database
        group = self._processes["worker"].pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    def close(self) -> None:
        for name in list(self._processes):
            self.stop(name)
        self._redis.stop()

    def tell(self, job_id: str, event: str, data: dict[str, Any]) -> None:
        """Tell of a job as its worker does."""
        with self._redis.address.client() as client:
            assert events.publish(client, job_id, event, data)

    def _is_idle(self) -> bool:
        with self.client() as client:
            queries = [{"kind": "segment", "status": status} for status in ("queued", "running")]
            return not any(client.get("/jobs", params=q).json()["jobs"] for q in queries)

    def _start(self, name: str, *arguments: str) -> None:
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", "ctvos_cli", name, *arguments],
            env={**os.environ, **self._environment},
            start_new_session=True,
        )


def corner(index: int) -> tuple[int, int]:
    """Left and top of the square."""
    return 6 + index, 16


def truth(index: int) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), bool)
    left, top = corner(index)
    labels[top : top + SIDE, left : left + SIDE] = True
    return labels


def write_clip(path: Path, frames: int) -> Path:
    """A striped square that moves right over a gradient, a pixel a frame."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    with VideoWriter(path, WIDTH, HEIGHT) as video:
        for index in range(frames):
            image = np.stack([60 + rows, 70 + columns, 90 + rows // 2], -1).astype(np.uint8)
            left, top = corner(index)
            image[top : top + SIDE, left : left + SIDE] = (230, 60, 40)
            image[top : top + SIDE : 4, left : left + SIDE] = (40, 220, 90)
            video.write(image, index / 25)
    return path


def write_halves(path: Path, width: int, height: int, frames: int = 3) -> Path:
    """White on the left, dark blue on the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = 255
    image[:, width // 2 :] = (20, 30, 120)
    with VideoWriter(path, width, height) as video:
        for index in range(frames):
            video.write(image, index / 25)
    return path


def turn(source: Path, target: Path) -> Path:
    """A copy that is to be shown turned clockwise, as phones film upright."""
    with av.open(str(source)) as given, av.open(str(target), "w") as turned:
        stream = given.streams.video[0]
        copy = turned.add_stream_from_template(stream)
        copy.set_display_rotation(-90)
        for packet in given.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                turned.mux(packet)
    return target


class Picture:
    """The picture on the screen, fitted into its window: where its pixels are."""

    def __init__(
        self, page: Page, frame: int = 0, width: int = WIDTH, height: int = HEIGHT
    ) -> None:
        self._page = page
        expect(page.locator(".stage canvas")).to_have_attribute("data-frame", str(frame))
        box = page.locator(".stage canvas").bounding_box()
        assert box is not None
        self._scale = min((box["width"] - 32) / width, (box["height"] - 32) / height)
        self._left = box["x"] + (box["width"] - width * self._scale) / 2
        self._top = box["y"] + (box["height"] - height * self._scale) / 2

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self._left + x * self._scale, self._top + y * self._scale

    def drag(self, start: tuple[float, float], *others: tuple[float, float]) -> None:
        self._page.mouse.move(*self.at(*start))
        self._page.mouse.down()
        for point in others:
            self._page.mouse.move(*self.at(*point), steps=4)
        self._page.mouse.up()


def look(page: Page, name: str) -> None:
    """Take pictures, light and dark, if they are wanted."""
    if SHOTS is None:
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(250)
        page.screenshot(path=f"{SHOTS}/{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")
