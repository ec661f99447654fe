"""The table, results.csv and results.json."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from ctvos_core.errors import InputError
from ctvos_core.evaluation import (
    DavisDataset,
    DavisResult,
    DavisSequence,
    YoutubeVosDataset,
    YoutubeVosResult,
    evaluate_davis,
    evaluate_youtube_vos,
    print_table,
    read_annotation,
    score_davis,
    write_csv,
    write_json,
)

Labels = NDArray[np.uint8]


def labels_of(frames: int, objects: int) -> Labels:
    labels = np.zeros((frames, 40, 60), np.uint8)
    for object_id in range(1, objects + 1):
        labels[:, 5:25, 15 * object_id - 10 : 15 * object_id] = object_id
    return labels


def second_object_lost(sequence: DavisSequence) -> Iterator[Labels]:
    for path in sequence.annotation_paths:
        labels = read_annotation(path)
        labels[labels == 2] = 0
        yield labels


@pytest.fixture
def davis(make_davis: Callable[[Mapping[str, Labels]], Path], tmp_path: Path) -> DavisResult:
    root = make_davis({"pair": labels_of(5, 2), "single": labels_of(4, 1)})
    return evaluate_davis(DavisDataset(root), second_object_lost, tmp_path / "out")


@pytest.fixture
def youtube_vos(make_youtube_vos: Callable[..., Path], tmp_path: Path) -> YoutubeVosResult:
    stems = ["00000", "00005", "00010"]
    annotations = dict(zip(stems, labels_of(3, 2), strict=True))
    objects: dict[str, Any] = {
        "1": {"category": "dog", "frames": stems},
        "2": {"category": "nyala", "frames": stems},
    }
    root = make_youtube_vos({"safari": (stems, annotations, objects)})
    dataset = YoutubeVosDataset(root, unseen_categories=["nyala"])
    only_dog = labels_of(3, 1)
    return evaluate_youtube_vos(dataset, lambda _: only_dog, tmp_path / "out")


def printed(result: DavisResult | YoutubeVosResult) -> list[str]:
    console = Console(width=80)
    with console.capture() as capture:
        print_table(result, console)
    return capture.get().splitlines()


def row(lines: list[str], name: str) -> list[str]:
    (line,) = [line for line in lines if line.split()[:1] == [name]]
    return line.split()


def test_table_shows_percent_per_sequence_and_over_all_objects(davis: DavisResult) -> None:
    lines = printed(davis)
    assert lines[0].strip() == "tiny-davis, 3 objects, 9 frames: scores in %"
    headers = " ".join(" ".join(lines[:5]).split())
    for name in ("J&F", "mean", "recall", "decay", "frames/s"):
        assert name in headers
    assert row(lines, "pair")[1:8] == ["50.0", "50.0", "50.0", "0.0", "50.0", "50.0", "0.0"]
    assert row(lines, "single")[1:8] == ["100.0", "100.0", "100.0", "0.0", "100.0", "100.0", "0.0"]
    assert row(lines, "Global")[1:8] == ["66.7", "66.7", "66.7", "0.0", "66.7", "66.7", "0.0"]
    assert float(row(lines, "Global")[8]) == pytest.approx(davis.frames_per_second, abs=0.01)
    assert all(len(line) <= 80 for line in lines)
    assert not any("…" in line for line in lines)


def test_table_has_no_speed_for_given_masks(davis: DavisResult, tmp_path: Path) -> None:
    given = score_davis(DavisDataset(tmp_path / "tiny-davis"), tmp_path / "out" / "masks")
    assert row(printed(given), "Global")[-1] == "-"


def test_csv_has_fractions_per_object_and_a_global_row(davis: DavisResult, tmp_path: Path) -> None:
    write_csv(davis, tmp_path / "new" / "results.csv")
    with (tmp_path / "new" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["sequence"], row["object"]) for row in rows] == [
        ("pair", "1"),
        ("pair", "2"),
        ("single", "1"),
        ("Global", ""),
    ]
    assert [row["J&F [fraction]"] for row in rows] == [
        "1.000000",
        "0.000000",
        "1.000000",
        "0.666667",
    ]
    assert list(rows[0]) == [
        "sequence",
        "object",
        "frames",
        "J&F [fraction]",
        "J mean [fraction]",
        "J recall [fraction]",
        "J decay [fraction]",
        "F mean [fraction]",
        "F recall [fraction]",
        "F decay [fraction]",
        "frames/s",
    ]
    assert rows[-1]["frames"] == "9"
    assert float(rows[-1]["frames/s"]) == pytest.approx(davis.frames_per_second, abs=0.01)


def test_json_has_everything(davis: DavisResult, tmp_path: Path) -> None:
    write_json(davis, tmp_path / "results.json", {"model": "r18", "weights_sha256": "ab12"})
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["benchmark"] == "DAVIS"
    assert content["dataset"] == "tiny-davis"
    assert content["resolution"] == "480p"
    assert content["scores_are"] == "fractions"
    assert content["settings"] == {"model": "r18", "weights_sha256": "ab12"}
    assert content["global"]["objects"] == 3
    assert content["global"]["frames"] == 9
    assert content["global"]["seconds"] == pytest.approx(davis.seconds, abs=1e-6)
    assert content["global"]["J&F"] == pytest.approx(2 / 3, abs=1e-6)
    assert content["global"]["J"] == {"mean": 0.666667, "recall": 0.666667, "decay": 0}
    pair, single = content["sequences"]
    assert (pair["name"], pair["frames"], single["frames"]) == ("pair", 5, 4)
    assert pair["scored_frames"] == ["00001", "00002", "00003"]
    assert pair["objects"][1]["object"] == 2
    assert pair["objects"][0]["J_per_frame"] == [1, 1, 1]
    assert pair["objects"][1]["F_per_frame"] == [0, 0, 0]


def test_youtube_vos_reports(youtube_vos: YoutubeVosResult, tmp_path: Path) -> None:
    lines = printed(youtube_vos)
    assert row(lines, "safari")[1:5] == ["2", "3", "50.0", "50.0"]
    assert row(lines, "Global")[1:8] == ["2", "3", "50.0", "100.0", "0.0", "100.0", "0.0"]
    assert not any("…" in line for line in lines)

    write_csv(youtube_vos, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        dog, nyala, overall = csv.DictReader(file)
    assert (dog["category"], dog["seen"], dog["J [fraction]"]) == ("dog", "seen", "1.000000")
    assert (nyala["category"], nyala["seen"], nyala["J [fraction]"]) == (
        "nyala",
        "unseen",
        "0.000000",
    )
    assert (overall["sequence"], overall["G [fraction]"]) == ("Global", "0.500000")

    write_json(youtube_vos, tmp_path / "results.json")
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["benchmark"] == "YouTube-VOS"
    assert content["global"]["G"] == 0.5
    assert content["global"]["J unseen"] == 0
    assert content["unseen_categories_known"] is True
    assert content["sequences"][0]["objects"][0]["scored_frames"] == ["00005", "00010"]
    assert content["settings"] == {}


def test_reports_of_a_run_that_could_not_be_scored(
    make_youtube_vos: Callable[..., Path], tmp_path: Path
) -> None:
    first = {"00000": labels_of(1, 1)[0]}
    root = make_youtube_vos(
        {"safari": (["00000", "00005"], first, {"1": {"frames": ["00000", "00005"]}})}
    )
    result = evaluate_youtube_vos(YoutubeVosDataset(root), lambda _: labels_of(2, 1), tmp_path)
    lines = printed(result)
    assert row(lines, "Global")[3:8] == ["-"] * 5
    assert any("every object counts as seen" in line for line in lines)
    write_json(result, tmp_path / "results.json")
    assert json.loads((tmp_path / "results.json").read_text())["global"]["G"] is None
    write_csv(result, tmp_path / "results.csv")
    assert (tmp_path / "results.csv").read_text().splitlines()[1].startswith("Global,,,,2,,,,,,,")


def test_a_failed_write_leaves_the_old_file(davis: DavisResult, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_json(davis, path)
    before = path.read_text()
    with pytest.raises(TypeError):
        write_json(davis, path, {"model": object()})
    assert path.read_text() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_a_place_that_cannot_be_written_is_named(davis: DavisResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: expected") as caught:
        write_csv(davis, tmp_path / "file" / "results.csv")
    assert caught.value.code == "output_not_writable"
