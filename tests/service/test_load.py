"""Many clients at once, and uploads larger than what the server may hold in memory."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from service_helpers import form, make_settings, problem_of
from waiting import PATIENCE_SECONDS, wait_until

from ctvos_jobs.embedded_redis import EmbeddedRedis

MIB = 1 << 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The application in a process of its own: its address and the process."""
    settings = make_settings(tmp_path / "data")
    redis = EmbeddedRedis(settings.data_dir)
    redis.start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = (
        "import uvicorn; from ctvos_jobs.settings import load_settings; "
        "from service.app import create_app; "
        f"uvicorn.run(create_app(load_settings()), port={port}, log_level='warning')"
    )
    environment = {**os.environ, "CTVOS_DATA_DIR": str(settings.data_dir)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None
        with suppress(httpx.TransportError):
            return httpx.get(f"{url}/healthz", trust_env=False).is_success
        return False

    try:
        wait_until(answers, "an application that answers")
        yield url, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) in (0, -signal.SIGTERM)
        redis.stop()


def test_memory_stays_flat_while_a_large_upload_comes_in(
    server: tuple[str, psutil.Process], video_bytes: bytes
) -> None:
    url, process = server
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        assert client.post("/segment", **form(video_bytes)).status_code == 202
        before = process.memory_info().rss
        peak = before
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.02):
                peak = max(peak, process.memory_info().rss)

        def body() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="video"; filename="v"\r\n\r\n'
            for _ in range(300):
                yield b"\0" * MIB
            yield b"\r\n--b--\r\n"

        watcher = threading.Thread(target=watch)
        watcher.start()
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        response = client.post("/videos", content=body(), headers=headers)
        done.set()
        watcher.join()
    assert response.status_code == 422
    assert problem_of(response)["code"] == "not_a_video"
    grown = (peak - before) / MIB
    print(f"resident memory: {before / MIB:.0f} MiB before, {grown:+.1f} MiB at most for 300 MiB")
    assert grown < 20


def test_many_pollers_and_uploads_at_once(
    server: tuple[str, psutil.Process], video_bytes: bytes
) -> None:
    url, _ = server

    def connect() -> httpx.Client:
        return httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False)

    with connect() as client:
        job_id = client.post("/segment", **form(video_bytes)).json()["id"]
    stop = threading.Event()
    times: list[float] = []
    statuses: set[int] = set()

    def poll() -> None:
        with connect() as poller:
            while not stop.wait(0.5):
                started = time.perf_counter()
                statuses.add(poller.get(f"/jobs/{job_id}").status_code)
                times.append(time.perf_counter() - started)

    def upload(_: int) -> int:
        with connect() as uploader:
            return uploader.post("/segment", **form(video_bytes)).status_code

    with ThreadPoolExecutor(70) as pool:
        pollers = [pool.submit(poll) for _ in range(50)]
        uploaded = list(pool.map(upload, range(20)))
        stop.set()
        for poller in pollers:
            poller.result()
    times.sort()
    median, p99 = times[len(times) // 2], times[-1 - len(times) // 100]
    print(f"{len(times)} polls during 20 uploads: median {median:.3f} s, p99 {p99:.3f} s")
    assert statuses == {200}
    assert uploaded == [202] * 20
    with connect() as client:
        assert len(client.get("/jobs").json()["jobs"]) == 21
