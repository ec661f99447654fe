"""A DAVIS result as a table, as CSV rows and as JSON content."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from ctvos_core.evaluation.davis_scores import DavisResult, ObjectScore, SequenceScore
from ctvos_core.evaluation.metrics import Statistics
from ctvos_core.evaluation.report_format import (
    GLOBAL,
    NO_VALUE,
    SPEED,
    as_fraction,
    in_percent,
    new_table,
    rounded,
    rounded_all,
    run_fields,
    speed,
)

SCORES = ("J&F", "J mean", "J recall", "J decay", "F mean", "F recall", "F decay")


def table(result: DavisResult) -> Table:
    """A row per sequence, then the global one; scores in percent."""
    title = f"{result.dataset}, {len(result.objects)} objects, {result.frames} frames: scores in %"
    built = new_table(title, ("sequence", *SCORES, SPEED))
    for row in result.sequences:
        built.add_row(*_cells(row.name, row))
    built.add_section()
    built.add_row(*_cells(GLOBAL, result), style="bold")
    return built


def csv_rows(result: DavisResult) -> Iterator[list[str]]:
    """A header, a row per object and the global row; scores as fractions."""
    yield ["sequence", "object", "frames", *(f"{name} [fraction]" for name in SCORES), SPEED]
    for sequence in result.sequences:
        for score in sequence.objects:
            scores = map(as_fraction, _seven(score))
            yield [
                *(score.sequence, str(score.object_id), str(sequence.frames)),
                *scores,
                speed(sequence),
            ]
    yield [GLOBAL, "", str(result.frames), *map(as_fraction, _seven(result)), speed(result)]


def json_content(result: DavisResult) -> dict[str, Any]:
    """The whole result, scores as fractions."""
    return {
        "benchmark": "DAVIS",
        "dataset": result.dataset,
        "resolution": result.resolution,
        "scores_are": "fractions",
        "global": {"objects": len(result.objects), **run_fields(result), **_score_fields(result)},
        "sequences": [_sequence_fields(sequence) for sequence in result.sequences],
    }


def _sequence_fields(sequence: SequenceScore) -> dict[str, Any]:
    return {
        "name": sequence.name,
        **run_fields(sequence),
        **_score_fields(sequence),
        "scored_frames": list(sequence.scored_stems),
        "objects": [
            {
                "object": score.object_id,
                **_score_fields(score),
                "J_per_frame": rounded_all(score.j_per_frame),
                "F_per_frame": rounded_all(score.f_per_frame),
            }
            for score in sequence.objects
        ],
    }


def _score_fields(row: ObjectScore | SequenceScore | DavisResult) -> dict[str, Any]:
    def named(scores: Statistics) -> dict[str, float | None]:
        return {name: rounded(value) for name, value in scores._asdict().items()}

    return {"J&F": rounded(row.j_and_f), "J": named(row.j), "F": named(row.f)}


def _cells(name: str, row: SequenceScore | DavisResult) -> list[str]:
    return [name, *map(in_percent, _seven(row)), speed(row, without=NO_VALUE)]


def _seven(row: ObjectScore | SequenceScore | DavisResult) -> tuple[float, ...]:
    return (row.j_and_f, *row.j, *row.f)
