"""Ablations as Markdown: a table for each question, the scale they were run at, and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ctvos_core.ablations.variants import READOUTS, Outcome, Table, variant_config
from ctvos_core.training.config import TrainingConfig


def write_ablations(
    path: Path,
    tables: Mapping[str, Table],
    settings: Sequence[str],
    outcomes: Mapping[TrainingConfig, Outcome],
    evaluated_on: str,
    start_from: str | None = None,
) -> None:
    """Write the report.

    Args:
        path: the Markdown file; pictures are linked relative to it.
        tables: as given to `run_ablations`.
        settings: likewise.
        outcomes: what it returned.
        evaluated_on: data set, sequences and size of the frames.
        start_from: as given to `run_ablations`.
    """
    config = next(iter(outcomes))
    lines = [
        "# Ablations",
        "",
        f"Scale: {config.steps} steps of {config.clips.batch} clips at {config.clips.view} pixels "
        f"for every variant, from {start_from or 'random weights'} (settings: "
        f"{', '.join(settings) or 'none'}). Evaluated on "
        f"{evaluated_on}. Scores are in percent; at a small scale, differences of a point or two "
        "are noise. The tag difference is that of the mean tags of a cutout and the rest, on clips "
        "that were not trained on; elsewhere, with the cutouts of other clips, it is as large only "
        "where the tags follow the place in the image.",
    ]
    for number, table in tables.items():
        title = f"Table {number}: {table.title}" if number.isdigit() else table.title
        lines += ["", f"## {title}", "", *_header()]
        found = [(v, outcomes[variant_config(v, settings)]) for v in table.variants]
        lines += [_row(variant.name, outcome) for variant, outcome in found]
        lines += ["", *(_picture(variant.name, o, path.parent) for variant, o in found)]
    lines += [
        "",
        "Pictures: a row for each of some clips that were not trained on, with the first past "
        "frame, the current frame with its cutout, the decoder's reconstruction of it, the tag "
        "map (black 0, white 1), and colours copied by attention alone.",
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _header() -> list[str]:
    names = ["variant"]
    for readout in READOUTS:
        names += [f"{readout} J&F", "J", "F"]
    names += ["loss", "tag difference", "elsewhere"]
    return ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]


def _row(name: str, outcome: Outcome) -> str:
    cells = [name]
    for readout in READOUTS:
        scores = outcome.scores[readout]
        cells += [f"{value:.1f}" for value in (scores.j_and_f, scores.j, scores.f)]
    cells.append(f"{outcome.loss:.3f}")
    for difference in (outcome.tag_difference, outcome.tag_difference_elsewhere):
        cells.append("" if difference is None else f"{difference:.2f}")
    return "| " + " | ".join(cells) + " |"


def _picture(name: str, outcome: Outcome, folder: Path) -> str:
    return f"![{name}]({outcome.picture.relative_to(folder).as_posix()})"
