"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_EVERY_SECONDS = 5.0
LINES_PER_PHASE = 10

Report = Callable[[str, int, int], None]
"""Called with a name, steps done and steps in all."""


def new_console() -> Console:
    """Standard output; wide enough for every table when it is not a terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=160, highlight=False)


@contextmanager
def reporting(console: Console, unit: str = "frames") -> Iterator[Report]:
    """Give a function to call after every step."""
    if not console.is_terminal:
        yield _Lines(console, unit)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield _Bars(bars)


class _Rate(ProgressColumn):
    """Steps per second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} {self._unit}/s" if speed else "")


class _Bars:
    """One bar, whose name may change while its work is the same."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def __call__(self, name: str, done: int, total: int) -> None:
        if self._task is None or done == 1:
            self._task = self._bars.add_task(name, total=total)
        self._bars.update(self._task, description=name, completed=done)


class _Lines:
    """A line now and then: at every tenth of the work, and every few seconds."""

    def __init__(self, console: Console, unit: str) -> None:
        self._console = console
        self._unit = unit
        self._started = self._last = monotonic()
        self._tenth = 0

    def __call__(self, name: str, done: int, total: int) -> None:
        now = monotonic()
        tenth = done * LINES_PER_PHASE // total
        if tenth > self._tenth or now - self._last >= LINE_EVERY_SECONDS:
            self._tenth, self._last = tenth, now
            rate = done / max(now - self._started, 1e-6)
            self._console.print(
                f"{name}: {done}/{total} {self._unit}, {rate:.1f} {self._unit}/s, "
                f"{(total - done) / rate:.0f} s left",
                markup=False,
                soft_wrap=True,
            )
        if done == total:
            self._started, self._tenth = now, 0
