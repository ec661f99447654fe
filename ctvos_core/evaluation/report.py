"""Results for people and programs: a table on the terminal, `results.csv` and `results.json`.

The table shows percentages, the files hold fractions; both say so. Files are written under a
temporary name and renamed, so a reader never sees half of one.
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ctvos_core.evaluation import report_davis, report_youtube_vos
from ctvos_core.evaluation.davis_scores import DavisResult
from ctvos_core.evaluation.youtube_vos_scoring import YoutubeVosResult
from ctvos_core.video import prepare_output_folder, replacing

Result = DavisResult | YoutubeVosResult


def print_table(result: Result, console: Console) -> None:
    """Print a row per sequence and a global one; scores in percent."""
    if isinstance(result, DavisResult):
        console.print(report_davis.table(result))
    else:
        console.print(report_youtube_vos.sequence_table(result))
        console.print(report_youtube_vos.global_table(result))


def write_csv(result: Result, path: Path) -> None:
    """Write a row per object and a global one; scores as fractions, speed in frames per second."""
    if isinstance(result, DavisResult):
        rows = report_davis.csv_rows(result)
    else:
        rows = report_youtube_vos.csv_rows(result)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    _write_whole(path, text.getvalue())


def write_json(result: Result, path: Path, settings: Mapping[str, Any] | None = None) -> None:
    """Write everything, per-frame scores included, as fractions.

    `settings` (what the masks came from: model, weights digest, options) is kept as given; it must
    be plain JSON values, else `TypeError`.
    """
    if isinstance(result, DavisResult):
        content = report_davis.json_content(result)
    else:
        content = report_youtube_vos.json_content(result)
    content["settings"] = dict(settings or {})
    _write_whole(path, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def _write_whole(path: Path, text: str) -> None:
    prepare_output_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
