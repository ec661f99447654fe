"""Child processes that are started together, restarted when they die, and stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import structlog

_LOOK_SECONDS = 0.2
_FIRST_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 30.0
_HEALTHY_SECONDS = 60.0
"""Whatever ran so long is restarted without delay."""
_STOP_SECONDS = 60.0
_WORKER_NICENESS = 10
_PARENT = "CTVOS_PARENT_PID"
_log = structlog.get_logger(__name__)


def follow_supervisor() -> None:
    """In a child: end when the supervisor is gone, even if it was killed."""
    if parent := os.environ.get(_PARENT):
        from ctvos_jobs.parent import follow

        follow(int(parent), signal.SIGTERM)


class Supervisor:
    """Runs `ctvos` commands as children.

    `ctvos worker` gets what the others leave of the processor: answers come at once while jobs run.

    Args:
        commands: arguments of `ctvos`, one list per child. They are stopped in reverse order.
    """

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self._children = [_Child(command) for command in commands]
        self._stop = threading.Event()

    def start(self) -> None:
        """Start all children."""
        for child in self._children:
            child.start()

    def run(self) -> None:
        """Keep the children alive until `stop` is called."""
        while not self._stop.wait(_LOOK_SECONDS):
            for child in self._children:
                child.revive()

    def stop(self) -> None:
        """Let `run` return; may be called by a signal handler."""
        self._stop.set()

    def shut_down(self) -> None:
        """End all children and wait for them; those that do not end are killed."""
        for child in reversed(self._children):
            child.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self._children:
            child.wait(deadline)


class _Child:
    def __init__(self, command: Sequence[str]) -> None:
        self._name = " ".join(command)
        self._command = [sys.executable, "-m", "ctvos_cli", *command]
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._due = 0.0
        self._delay = _FIRST_DELAY_SECONDS

    def start(self) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env={**os.environ, _PARENT: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            # Ctrl-C is for the supervisor, which stops children in order. A session of its own
            # would do as well, but Linux then shares processors out by session before niceness.
            process_group=0,
        )
        if self._name.startswith("worker "):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _WORKER_NICENESS)

    def revive(self) -> None:
        now = time.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            lived = now - self._started
            self._delay = (
                _FIRST_DELAY_SECONDS
                if lived > _HEALTHY_SECONDS
                else min(2 * self._delay, _LONGEST_DELAY_SECONDS)
            )
            self._due = now if lived > _HEALTHY_SECONDS else now + self._delay / 2
            _log.error("child_died", child=self._name, code=code, again_in=round(self._due - now))
        if self._process is None and now >= self._due:
            self.start()

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait(self, deadline: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.error("child_killed", child=self._name)
            self._process.kill()
            self._process.wait()
