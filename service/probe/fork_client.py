"""The API's end of `service.probe.fork_server`: one running at any time, and orders to it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from typing import Any

import structlog

_MAX_ANSWER_BYTES = 64 << 20
_TRIES = 2
_log = structlog.get_logger(__name__)


class ProbeProcess:
    """Starts the server, and another where one has died; it ends with this process or `close`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Start the server; it takes orders at once, and answers when it has loaded."""
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # -P: the folder it is started in is not searched for modules.
                [sys.executable, "-P", "-m", "service.probe.fork_server"],
                env={
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                    "MALLOC_ARENA_MAX": "2",
                    "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1",
                },
                stdin=theirs.fileno(),
                process_group=0,
            )

    def close(self) -> None:
        """End the server and what it is at."""
        if self._process is not None and self._control is not None:
            self._control.close()
            self._process.wait()
        self._process = self._control = None

    async def ask(self, order: dict[str, Any], seconds: float) -> tuple[int, bytes]:
        """Exit status (negative: a signal) and answer of the child that dealt with an order.

        Raises:
            TimeoutError: it took longer than `seconds`, and was ended.
        """
        async with asyncio.timeout(seconds):
            for _ in range(_TRIES):
                answer, _, status = (await self._exchange(order)).rpartition(b"\n")
                if status.startswith(b"exit "):
                    return int(status.removeprefix(b"exit ")), answer
        return 1, b""

    async def _exchange(self, order: dict[str, Any]) -> bytes:
        """All that comes back; it ends abruptly if the server does."""
        mine, theirs = socket.socketpair()
        with theirs:
            self._hand_over(theirs)
        reader, writer = await asyncio.open_unix_connection(sock=mine)
        said = bytearray()
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            while len(said) <= _MAX_ANSWER_BYTES and (data := await reader.read(1 << 16)):
                said += data
        except ConnectionError:
            pass
        finally:
            writer.close()
        return bytes(said)

    def _hand_over(self, channel: socket.socket) -> None:
        if self._control is None:
            self.start()
        assert self._control is not None
        try:
            socket.send_fds(self._control, [b"."], [channel.fileno()])
        except ConnectionError:
            _log.error("probe_server_died")
            self.close()
            self._hand_over(channel)
