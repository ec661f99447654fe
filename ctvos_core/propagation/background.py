"""Slow writes done on a thread while propagation goes on."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

Task = Callable[[], object]


class BackgroundWriter:
    """Does tasks one after the other on its own thread; used as a context manager.

    Leaving the block waits for what was put. The first error of a task is raised by the next `put`
    or on leaving, and tasks after it are dropped; so are those that wait when the block is left by
    an exception.

    Args:
        waiting: most tasks that wait; `put` blocks beyond it, so memory is bounded.
    """

    def __init__(self, waiting: int = 4) -> None:
        self._tasks: Queue[Task | None] = Queue(waiting)
        self._error: BaseException | None = None
        self._is_abandoned = False
        # Not a daemon: a file that is being written is finished before the process ends.
        self._thread = Thread(target=self._run, name="ctvos-writer")

    def put(self, task: Task) -> None:
        """Have a task done later."""
        self._raise_error()
        self._tasks.put(task)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_abandoned = error is not None
        self._tasks.put(None)
        self._thread.join()
        if error is None:
            self._raise_error()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if self._error is not None or self._is_abandoned:
                continue
            try:
                task()
            except BaseException as error:
                self._error = error

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error
