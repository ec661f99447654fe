"""A YouTube-VOS result as tables, as CSV rows and as JSON content."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

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
from ctvos_core.evaluation.youtube_vos_scoring import YoutubeVosResult, YoutubeVosSequenceScore

SCORES = ("G", "J seen", "J unseen", "F seen", "F unseen")


def sequence_table(result: YoutubeVosResult) -> Table:
    """A row per video with means over its scored objects, in percent."""
    title = f"{result.dataset}: scores in %"
    built = new_table(title, ("sequence", "objects scored", "frames", "J", "F", SPEED))
    for row in result.sequences:
        counts = (str(len(row.objects)), str(row.frames))
        scores = (in_percent(row.j), in_percent(row.f))
        built.add_row(row.name, *counts, *scores, speed(row, without=NO_VALUE))
    return built


def global_table(result: YoutubeVosResult) -> Table:
    """One row with G and its four parts, in percent."""
    columns = ("", "objects scored", "frames", *SCORES, SPEED)
    built = new_table(f"{result.dataset}, all: scores in %", columns)
    counts = (str(len(result.objects)), str(result.frames))
    scores = map(in_percent, _five(result))
    built.add_row(GLOBAL, *counts, *scores, speed(result, without=NO_VALUE), style="bold")
    if not result.split_known:
        built.caption = "No unseen categories given: every object counts as seen."
    return built


def csv_rows(result: YoutubeVosResult) -> Iterator[list[str]]:
    """A header, a row per scored object and the global row; scores as fractions."""
    yield [
        *("sequence", "object", "category", "seen", "frames", "J [fraction]", "F [fraction]"),
        *(f"{name} [fraction]" for name in SCORES),
        SPEED,
    ]
    for sequence in result.sequences:
        for score in sequence.objects:
            yield [
                *(score.sequence, str(score.object_id), score.category or ""),
                *("seen" if score.seen else "unseen", str(sequence.frames)),
                *(as_fraction(score.j), as_fraction(score.f)),
                *("" for _ in SCORES),
                speed(sequence),
            ]
    overall = map(as_fraction, _five(result))
    yield [GLOBAL, "", "", "", str(result.frames), "", "", *overall, speed(result)]


def json_content(result: YoutubeVosResult) -> dict[str, Any]:
    """The whole result, scores as fractions; null where nothing could be scored."""
    overall = dict(zip(SCORES, map(rounded, _five(result)), strict=True))
    return {
        "benchmark": "YouTube-VOS",
        "dataset": result.dataset,
        "scores_are": "fractions",
        "unseen_categories_known": result.split_known,
        "global": {"objects": len(result.objects), **run_fields(result), **overall},
        "sequences": [_sequence_fields(sequence) for sequence in result.sequences],
    }


def _sequence_fields(sequence: YoutubeVosSequenceScore) -> dict[str, Any]:
    return {
        "name": sequence.name,
        **run_fields(sequence),
        "J": rounded(sequence.j),
        "F": rounded(sequence.f),
        "objects": [
            {
                "object": score.object_id,
                "category": score.category,
                "seen": score.seen,
                "J": rounded(score.j),
                "F": rounded(score.f),
                "scored_frames": list(score.scored_stems),
                "J_per_frame": rounded_all(score.j_per_frame),
                "F_per_frame": rounded_all(score.f_per_frame),
            }
            for score in sequence.objects
        ],
    }


def _five(result: YoutubeVosResult) -> tuple[float | None, ...]:
    return (result.g, result.j_seen, result.j_unseen, result.f_seen, result.f_unseen)
