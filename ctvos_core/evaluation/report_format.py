"""How reports write scores, speeds and table columns."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ctvos_core.evaluation.segmenting import DatasetRun, SequenceRun

GLOBAL = "Global"
SPEED = "frames/s"
DECIMALS = 6
NO_VALUE = "-"


def in_percent(score: float | None) -> str:
    """A fraction as a percentage with one decimal: 0.613 is "61.3"."""
    return NO_VALUE if score is None else f"{100 * score:.1f}"


def as_fraction(score: float | None) -> str:
    """A fraction for a CSV cell, empty without a value."""
    return "" if score is None else f"{score:.{DECIMALS}f}"


def rounded(score: float | None) -> float | None:
    """A fraction for JSON."""
    return None if score is None else round(score, DECIMALS)


def rounded_all(scores: NDArray[np.float64]) -> list[float]:
    """Fractions for JSON."""
    return [round(float(score), DECIMALS) for score in scores]


def speed(run: SequenceRun | DatasetRun[Any], without: str = "") -> str:
    """Frames per second with two decimals, or `without` if the segmenter did not run."""
    rate = run.frames_per_second
    return without if rate is None else f"{rate:.2f}"


def run_fields(run: SequenceRun | DatasetRun[Any]) -> dict[str, Any]:
    """Frames, seconds and frames per second for JSON; None where the segmenter did not run."""
    return {
        "frames": run.frames,
        "seconds": rounded(run.seconds),
        "frames_per_second": rounded(run.frames_per_second),
    }


def new_table(title: str, columns: Iterable[str]) -> Table:
    """A table whose first column is text and whose others are numbers.

    Headers break at spaces and there are no vertical lines, so that it fits 80 characters.
    """
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    first, *others = columns
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    return table
