"""What a run measures: a row of JSON per report, and TensorBoard events where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from tensorboardX import SummaryWriter
except ModuleNotFoundError:  # an extra
    SummaryWriter = None


class Metrics:
    """Writes `metrics.jsonl`, and `tensorboard/` if tensorboardX can be imported.

    Args:
        folder: of the run.
        step: the run goes on from here; rows of later steps, from before it was stopped, go.
    """

    def __init__(self, folder: Path, step: int) -> None:
        path = folder / "metrics.jsonl"
        kept = [row for row in read_metrics(path) if row["step"] <= step]
        partial = path.with_suffix(".partial")
        partial.write_text("".join(json.dumps(row) + "\n" for row in kept))
        partial.replace(path)
        self._rows = path.open("a")
        self._events = SummaryWriter(str(folder / "tensorboard")) if SummaryWriter else None

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row; `step` is one of its keys, and the other numbers become curves."""
        self._rows.write(json.dumps(dict(row)) + "\n")
        self._rows.flush()
        if self._events:
            for name, value in row.items():
                if name != "step":
                    self._events.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Write what is left."""
        self._rows.close()
        if self._events:
            self._events.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The whole rows of a `metrics.jsonl`; none if there is no such file."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:  # cut off when the run was killed
            continue
    return rows
