"""`ctvos serve` and `ctvos submit`: the whole house, as a user runs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Options of commands join the environment; no test sees another's."""
    with patch.dict(os.environ):
        yield


class Served:
    """A running `ctvos serve`."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        options = ["--port", str(port), "--data-dir", str(data_dir)]
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ctvos_cli", "serve", *options],
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env={**os.environ, "CTVOS_DEVICE": "cpu", "CTVOS_TRAIN_WORKERS": "0"},
                # Whoever runs the tests in the background may have made interrupts be ignored.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"ctvos: {self.url}\n", log.read_text()

    def interrupt(self) -> None:
        """Ctrl-C, once."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE_SECONDS) == 0

    def job(self, job_id: str) -> dict[str, object]:
        url = f"{self.url}/jobs/{job_id}"
        answer = httpx.get(url, timeout=PATIENCE_SECONDS, trust_env=False)
        found: dict[str, object] = answer.json()
        return found

    def children(self) -> list[int]:
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[partial[Served]]:
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(tmp_path / "data", tmp_path / "log"))
        return started[-1]

    yield partial(start)
    for served in started:
        if served.process.poll() is None:
            served.interrupt()  # killed, it would leave its Redis behind


def test_submit_waits_and_brings_what_segment_writes(serve, ctvos, clip, mask, tmp_path):
    served = serve()
    out = tmp_path / "out"
    options = ["--mask", mask, "--url", served.url, "--overlay", "--coco", "--alpha"]
    done = ctvos("submit", clip, *options, "--out", out)
    assert done.exit_code == 0, done.output + served.log.read_text()
    assert re.search(r"^[0-9a-f]{32}$", done.stdout, re.MULTILINE)
    here = tmp_path / "here"
    alone = ctvos("segment", clip, "--mask", mask, "--out", here, "--device", "cpu", "--coco")
    assert alone.exit_code == 0
    for expected in (*here.glob("*.png"), here / "confidence.json"):
        assert (out / expected.name).read_bytes() == expected.read_bytes()
    objects = [
        json.loads((folder / "coco.json").read_text())["annotations"] for folder in (out, here)
    ]
    assert objects[0] == objects[1]
    assert (out / "overlay.mp4").stat().st_size > 0
    assert (out / "alpha.webm").stat().st_size > 0

    # What dies is started again.
    api = served.children()
    os.kill(api[1], signal.SIGKILL)  # Redis was started first
    wait_until(lambda: len(served.children()) == len(api) and served.children() != api, "a child")
    served.interrupt()
    for child in api:
        assert not Path(f"/proc/{child}").exists()


def test_a_job_at_hand_goes_on_at_the_next_start(serve, ctvos, long_clip, mask):
    served = serve()
    queued = ctvos("submit", long_clip, "--mask", mask, "--url", served.url)
    job_id = queued.stdout.split()[-1]
    wait_until(lambda: served.job(job_id)["status"] == "running", "a running job")
    served.interrupt()
    again = serve()
    wait_until(lambda: again.job(job_id)["status"] == "succeeded", "its end")
    again.interrupt()


def test_an_address_in_use_is_one_line(ctvos, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = ctvos("serve", "--port", port, "--data-dir", tmp_path / "data")
    assert refused.exit_code == 2
    assert f"127.0.0.1:{port}: expected an address to listen on" in refused.stderr


def test_submit_says_what_is_wrong_in_one_line(ctvos, clip, mask, tmp_path):
    refused = ctvos("submit", clip, "--mask", mask, "--url", "http://127.0.0.1:9")
    assert refused.exit_code == 2
    assert "expected a service that answers" in refused.stderr
    missing = ctvos("submit", tmp_path / "none.mp4", "--mask", mask)
    assert missing.exit_code == 2
    assert "none.mp4: expected a file" in missing.stderr
    unmatched = ctvos("submit", clip, "--mask", mask, "--mask", mask)
    assert unmatched.exit_code == 2
    assert "expected a --frame for each --mask" in unmatched.stderr
