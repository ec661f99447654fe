"""Evaluation on DAVIS layout, on tiny videos whose scores are known."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from time import perf_counter, sleep
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.evaluation import (
    DavisDataset,
    DavisResult,
    DavisSequence,
    contour_accuracy,
    evaluate_davis,
    read_annotation,
    score_davis,
)

Labels = NDArray[np.uint8]
MakeDavis = Callable[[Mapping[str, Labels]], Path]
SaveMask = Callable[[Path, Labels], None]


def two_squares(frames: int = 6, step: int = 1) -> Labels:
    """Object 1 moves right, object 2 moves down; `(T, 40, 60)`."""
    labels = np.zeros((frames, 40, 60), np.uint8)
    for t in range(frames):
        labels[t, 5:15, 4 + step * t : 14 + step * t] = 1
        labels[t, 4 + step * t : 16 + step * t, 44:56] = 2
    return labels


def one_square(frames: int = 5) -> Labels:
    labels = np.zeros((frames, 40, 60), np.uint8)
    labels[:, 10:30, 20:40] = 1
    return labels


def truth(sequence: DavisSequence) -> Iterator[Labels]:
    return (read_annotation(path) for path in sequence.annotation_paths)


def copy_first_mask(sequence: DavisSequence) -> Iterator[Labels]:
    first = sequence.first_mask
    return (first for _ in sequence.stems)


def swap_ids(sequence: DavisSequence) -> Iterator[Labels]:
    return (np.array([0, 2, 1], np.uint8)[labels] for labels in truth(sequence))


@pytest.fixture
def dataset(make_davis: MakeDavis) -> DavisDataset:
    return DavisDataset(make_davis({"squares": two_squares(), "still": one_square()}))


def test_dataset_lists_sequences_with_frames_annotations_and_objects(dataset: DavisDataset) -> None:
    assert dataset.name == "tiny-davis"
    assert [sequence.name for sequence in dataset] == ["squares", "still"]
    squares, still = dataset.sequences
    assert squares.stems == ("00000", "00001", "00002", "00003", "00004", "00005")
    assert [path.name for path in still.frame_paths] == [f"0000{t}.jpg" for t in range(5)]
    assert squares.object_ids == (1, 2)
    assert still.object_ids == (1,)
    assert squares.size == (40, 60)
    np.testing.assert_array_equal(squares.first_mask, two_squares()[0])


def test_objects_are_counted_by_the_greatest_id_of_the_first_annotation(
    make_davis: MakeDavis,
) -> None:
    labels = one_square() * 3
    labels[1:, :5, :5] = 9
    (sequence,) = DavisDataset(make_davis({"gaps": labels}))
    assert sequence.object_ids == (1, 2, 3)


def test_sequences_can_be_chosen_by_name_or_by_split(dataset: DavisDataset, tmp_path: Path) -> None:
    root = dataset.root
    (root / "ImageSets" / "2017").mkdir(parents=True)
    (root / "ImageSets" / "2017" / "val.txt").write_text("still\n")
    split = tmp_path / "mine.txt"
    split.write_text("still\nsquares\n")

    def names(**choice: object) -> list[str]:
        return [sequence.name for sequence in DavisDataset(root, **choice)]

    assert names(sequences=["still"]) == ["still"]
    assert names(split="2017/val") == ["still"]
    assert names(split=split) == names(split=str(split)) == ["still", "squares"]


def test_perfect_masks_score_one(dataset: DavisDataset, tmp_path: Path) -> None:
    result = evaluate_davis(dataset, truth, tmp_path / "out")
    assert result.j == result.f == (1.0, 1.0, 0.0)
    assert result.j_and_f == 1.0
    assert [(score.sequence, score.object_id) for score in result.objects] == [
        ("squares", 1),
        ("squares", 2),
        ("still", 1),
    ]


def test_masks_are_written_as_they_come(dataset: DavisDataset, tmp_path: Path) -> None:
    def watched(sequence: DavisSequence) -> Iterator[Labels]:
        folder = tmp_path / "out" / "masks" / sequence.name
        for index, labels in enumerate(truth(sequence)):
            assert len(list(folder.glob("*.png"))) == index
            yield labels

    evaluate_davis(dataset, watched, tmp_path / "out")
    written = tmp_path / "out" / "masks" / "squares" / "00003.png"
    with Image.open(written) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), two_squares()[3])


def test_swapped_ids_collapse(dataset: DavisDataset, tmp_path: Path) -> None:
    squares = DavisDataset(dataset.root, sequences=["squares"])
    result = evaluate_davis(squares, swap_ids, tmp_path)
    assert result.j.mean == 0
    assert result.f.mean == 0


def test_scores_by_hand(make_davis: MakeDavis, tmp_path: Path) -> None:
    """A 10 x 10 square moving one pixel a frame against its first mask: J is (10-t)/(10+t)."""
    dataset = DavisDataset(make_davis({"squares": two_squares()}))
    result = evaluate_davis(dataset, copy_first_mask, tmp_path)
    first, second = result.objects
    expected = [(10 - t) / (10 + t) for t in (1, 2, 3, 4)]
    np.testing.assert_allclose(first.j_per_frame, expected)
    np.testing.assert_allclose(second.j_per_frame, [(12 - t) / (12 + t) for t in (1, 2, 3, 4)])
    assert first.j.mean == pytest.approx(np.mean(expected))
    assert first.j.recall == 0.75, "9/11, 8/12 and 7/13 are above a half, 6/14 is not"
    # Four frames: bins end at frames 1, 2, 3 (2.5 rounds up), 3 and 4.
    assert first.j.decay == pytest.approx(np.mean(expected[:2]) - np.mean(expected[2:]))
    assert result.j.mean == pytest.approx((first.j.mean + second.j.mean) / 2)
    assert result.j_and_f == pytest.approx((result.j.mean + result.f.mean) / 2)
    assert result.sequences[0].scored_stems == ("00001", "00002", "00003", "00004")


def test_the_global_score_is_the_mean_over_objects_not_sequences(
    dataset: DavisDataset, tmp_path: Path
) -> None:
    def only_still(sequence: DavisSequence) -> Iterable[Labels]:
        return truth(sequence) if sequence.name == "still" else swap_ids(sequence)

    result = evaluate_davis(dataset, only_still, tmp_path)
    assert [sequence.j_and_f for sequence in result.sequences] == [0, 1]
    assert result.j_and_f == pytest.approx(1 / 3)


def scores(result: DavisResult) -> list[tuple[float, ...]]:
    return [(*score.j, *score.f) for score in result.objects]


def test_first_and_last_mask_are_not_scored(
    dataset: DavisDataset, tmp_path: Path, save_mask: SaveMask
) -> None:
    result = evaluate_davis(dataset, copy_first_mask, tmp_path)
    for name, last in [("squares", "00005"), ("still", "00004")]:
        (tmp_path / "masks" / name / "00000.png").unlink()
        save_mask(tmp_path / "masks" / name / f"{last}.png", np.full((3, 3), 9, np.uint8))
    assert scores(score_davis(dataset, tmp_path / "masks")) == scores(result)


def test_an_object_without_a_pixel_was_not_found(dataset: DavisDataset, tmp_path: Path) -> None:
    def without_second(sequence: DavisSequence) -> Iterator[Labels]:
        return (np.where(labels == 2, 0, labels).astype(np.uint8) for labels in truth(sequence))

    first, second, _ = evaluate_davis(dataset, without_second, tmp_path).objects
    assert first.j_and_f == 1
    assert second.j_and_f == 0


def test_an_object_rightly_gone_scores_one(make_davis: MakeDavis, tmp_path: Path) -> None:
    labels = one_square()
    labels[2:] = 0
    result = evaluate_davis(DavisDataset(make_davis({"leaves": labels})), truth, tmp_path)
    assert result.j_and_f == 1


def test_ids_that_only_appear_later_are_not_objects(make_davis: MakeDavis, tmp_path: Path) -> None:
    labels = one_square()
    labels[2:, :5, :5] = 2
    dataset = DavisDataset(make_davis({"late": labels}))

    def first_object(sequence: DavisSequence) -> Iterator[Labels]:
        return ((labels == 1).astype(np.uint8) for labels in truth(sequence))

    assert evaluate_davis(dataset, first_object, tmp_path).j_and_f == 1


def test_void_pixels_count_as_background(make_davis: MakeDavis, tmp_path: Path) -> None:
    labels = one_square()
    with_void = labels.copy()
    with_void[1:, 10:30, 40:60] = 255
    dataset = DavisDataset(make_davis({"void": with_void}))

    def object_and_void(sequence: DavisSequence) -> Iterator[Labels]:
        wide = labels[0].copy()
        wide[10:30, 40:60] = 1
        return (wide for _ in sequence.stems)

    assert evaluate_davis(dataset, object_and_void, tmp_path).j.mean == pytest.approx(0.5)


def test_time_is_the_segmenters_own(dataset: DavisDataset, tmp_path: Path) -> None:
    def slow(sequence: DavisSequence) -> Iterator[Labels]:
        for labels in truth(sequence):
            sleep(0.01)
            yield labels

    waited = 0.0

    def wait(*_: object) -> None:
        nonlocal waited
        began = perf_counter()
        sleep(0.1)
        waited += perf_counter() - began

    began = perf_counter()
    result = evaluate_davis(dataset, slow, tmp_path, progress=wait)
    took = perf_counter() - began
    squares, still = result.sequences
    assert squares.seconds >= 0.06
    assert result.seconds + waited < took, "what happens between two masks does not count"
    assert squares.frames_per_second == pytest.approx(6 / squares.seconds)
    assert result.seconds == pytest.approx(squares.seconds + still.seconds)
    assert result.frames == 11
    assert result.frames_per_second == pytest.approx(11 / result.seconds)
    given = score_davis(dataset, tmp_path / "masks")
    assert given.seconds is None
    assert given.frames_per_second is None


def test_progress_counts_frames_over_all_sequences(dataset: DavisDataset, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    evaluate_davis(dataset, truth, tmp_path, progress=lambda *now: told.append(now))
    assert told == [("squares", n, 11) for n in range(1, 7)] + [
        ("still", n, 11) for n in range(7, 12)
    ]


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([one_square()[0]] * 4, "still: expected 5 masks, got 4"),
        ([one_square()[0]] * 6, "still: expected 5 masks, got more"),
        ([one_square()[0].T] * 5, r"frame 0: expected .* \(40, 60\), got uint8 \(60, 40\)"),
        ([one_square()[0] > 0] * 5, "expected a uint8 mask .*, got bool"),
    ],
)
def test_a_segmenter_gives_one_label_map_per_frame(
    dataset: DavisDataset, tmp_path: Path, masks: list[Labels], message: str
) -> None:
    still = DavisDataset(dataset.root, sequences=["still"])
    with pytest.raises(ValueError, match=message):
        evaluate_davis(still, lambda _: masks, tmp_path)


def refused(code: str, match: str, action: Callable[[], object]) -> None:
    with pytest.raises(InputError, match=match) as caught:
        action()
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_a_dataset_needs_its_folders(dataset: DavisDataset, tmp_path: Path) -> None:
    root = dataset.root
    refused("folder_missing", "nowhere", lambda: DavisDataset(tmp_path / "nowhere"))
    refused("folder_missing", "JPEGImages/1080p", lambda: DavisDataset(root, resolution="1080p"))
    (tmp_path / "file").write_text("")
    refused("folder_missing", "found a file", lambda: DavisDataset(tmp_path / "file"))
    for name in ("JPEGImages", "Annotations"):
        (tmp_path / "empty" / name / "480p").mkdir(parents=True)
    refused("dataset_empty", "found none", lambda: DavisDataset(tmp_path / "empty"))


def test_sequences_asked_for_must_exist(dataset: DavisDataset, tmp_path: Path) -> None:
    root = dataset.root
    message = "expected one of squares, still, got 'bear'"
    refused("sequence_unknown", message, lambda: DavisDataset(root, sequences=["bear"]))
    (tmp_path / "split.txt").write_text("bear\n")
    refused("sequence_unknown", message, lambda: DavisDataset(root, split=tmp_path / "split.txt"))
    refused("split_unreadable", "no-such", lambda: DavisDataset(root, split="no-such"))
    refused(
        "split_ambiguous", "got both", lambda: DavisDataset(root, sequences=["still"], split="a")
    )


def test_every_frame_needs_an_annotation_of_its_size(
    dataset: DavisDataset, tmp_path: Path, save_mask: SaveMask
) -> None:
    annotations = dataset.root / "Annotations" / "480p" / "still"
    save_mask(annotations / "00002.png", np.zeros((9, 9), np.uint8))
    resized = DavisDataset(dataset.root, sequences=["still"])
    refused(
        "mask_size_differs",
        "00002.png: expected 60x40 pixels, got 9x9",
        lambda: evaluate_davis(resized, copy_first_mask, tmp_path),
    )
    (annotations / "00002.png").unlink()
    refused("annotation_missing", "still/00002.png.*1 missing", lambda: DavisDataset(dataset.root))


def test_frames_must_be_there_and_enough_to_score(
    dataset: DavisDataset, make_davis: MakeDavis
) -> None:
    for frame in (dataset.root / "JPEGImages" / "480p" / "still").iterdir():
        frame.unlink()
    refused("video_has_no_frames", "480p/still", lambda: DavisDataset(dataset.root))
    root = make_davis({"brief": one_square(frames=2)})
    refused(
        "sequence_too_short",
        "at least 3 frames .* found 2",
        lambda: DavisDataset(root, sequences=["brief"]),
    )


def test_the_first_annotation_must_hold_an_object(make_davis: MakeDavis, tmp_path: Path) -> None:
    labels = one_square()
    labels[0] = 0
    dataset = DavisDataset(make_davis({"void": labels}))
    refused(
        "annotation_empty",
        "void/00000.png: expected at least one object",
        lambda: evaluate_davis(dataset, copy_first_mask, tmp_path),
    )


def test_masks_to_score_must_be_complete_and_of_known_objects(
    dataset: DavisDataset, tmp_path: Path, save_mask: SaveMask
) -> None:
    evaluate_davis(dataset, truth, tmp_path)
    masks = tmp_path / "masks"
    path = masks / "still" / "00002.png"

    save_mask(path, one_square()[0] * 2)
    refused(
        "mask_id_unknown",
        "still/00002.png: expected ids 0 to 1 .* got 2",
        lambda: score_davis(dataset, masks),
    )
    save_mask(path, one_square()[0] * 255)
    refused("mask_id_unknown", "got 255", lambda: score_davis(dataset, masks))
    save_mask(path, one_square()[0].T.copy())
    refused("mask_size_differs", "expected 60x40.*got 40x60", lambda: score_davis(dataset, masks))
    path.unlink()
    refused("mask_missing", "still/00002.png", lambda: score_davis(dataset, masks))
    refused("folder_missing", "none", lambda: score_davis(dataset, tmp_path / "none"))


SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "j_and_f", "j", "f"),
    [
        # Also measured with vos-benchmark 0.1.0: 17.2606 and 38.7919.
        ("davis-dev", 0.172606, (0.186609, 0.081741, 0.259432), (0.158603, 0.045020, 0.228599)),
        (
            "multi-object-dev",
            0.387919,
            (0.262890, 0.227106, 0.250901),
            (0.512948, 0.518315, 0.354330),
        ),
    ],
)
def test_copying_the_first_mask_of_real_videos(
    tmp_path: Path,
    name: str,
    j_and_f: float,
    j: tuple[float, float, float],
    f: tuple[float, float, float],
) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"{SHARED / name} is not there")
    result = evaluate_davis(DavisDataset(SHARED / name, split="dev"), copy_first_mask, tmp_path)
    assert result.j_and_f == pytest.approx(j_and_f, abs=1e-6)
    assert result.j == pytest.approx(j, abs=1e-6)
    assert result.f == pytest.approx(f, abs=1e-6)


@pytest.mark.shared
def test_real_contours_score_as_the_slow_reference_has_them(reference: SimpleNamespace) -> None:
    if not (SHARED / "multi-object-dev").is_dir():
        pytest.skip(f"{SHARED} is not there")
    (sequence,) = DavisDataset(SHARED / "multi-object-dev")
    masks = SHARED / "multi-object-dev" / "Annotations" / "480p"
    (score,) = score_davis(DavisDataset(SHARED / "multi-object-dev"), masks).sequences
    assert score.j_and_f == 1
    frames = [read_annotation(path) for path in sequence.annotation_paths[::16]]
    for object_id in sequence.object_ids:
        first, *others = (labels == object_id for labels in frames)
        for other in others:
            assert contour_accuracy(first, other) == pytest.approx(
                reference.f_by_dilation(first, other), abs=1e-12
            )
