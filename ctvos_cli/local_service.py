"""A service of its own for as long as a command runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctvos_cli.settings import require_service
from ctvos_core.errors import InputError

_START_SECONDS = 300
_STOP_SECONDS = 60


@contextmanager
def local_service(data_dir: Path, device: str, **settings: str) -> Iterator[str]:
    """Run `ctvos serve` without a training worker; yields its address once it takes jobs.

    Args:
        data_dir: everything it keeps goes there; `serve.log` is what it said.
        device: what its worker runs on.
        settings: environment variables `CTVOS_*`.

    Raises:
        InputError: `service_missing`, or `service_not_started` with the end of its log.
    """
    require_service()
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "serve.log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Settings of a service of the user's do not concern this one.
    own = {k: v for k, v in os.environ.items() if not k.startswith("CTVOS_")}
    own |= {"CTVOS_TRAIN_WORKERS": "0", "CTVOS_SEGMENT_WORKERS": "1", "CTVOS_DEVICE": device}
    own |= settings
    command = [sys.executable, "-m", "ctvos_cli", "serve", "--port", str(port)]
    command += ["--data-dir", str(data_dir)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=own, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, url, log)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    import httpx

    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    raise InputError("service_not_started", f"{log}: expected the service to start: {last}")
