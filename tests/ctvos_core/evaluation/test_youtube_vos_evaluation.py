"""Evaluation on YouTube-VOS layout: late objects, the submission, G."""

import json
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.evaluation import (
    YoutubeVosDataset,
    YoutubeVosSequence,
    evaluate_youtube_vos,
    score_youtube_vos,
)

Labels = NDArray[np.uint8]
MakeYoutubeVos = Callable[..., Path]

STEMS = ["00000", "00005", "00010", "00015"]
DOG = {"category": "dog", "frames": STEMS}
NYALA = {"category": "nyala", "frames": STEMS[1:]}


def scene(dog: int | None = 0, nyala: int | None = 0) -> Labels:
    """A 10 x 10 dog (1) and a 10 x 10 nyala (2), moved right by so many pixels; None is absent."""
    labels = np.zeros((40, 60), np.uint8)
    if dog is not None:
        labels[5:15, 5 + dog : 15 + dog] = 1
    if nyala is not None:
        labels[25:35, 5 + nyala : 15 + nyala] = 2
    return labels


ANNOTATED = {STEMS[0]: scene(nyala=None), **{stem: scene() for stem in STEMS[1:]}}
ONLY_FIRST_MASKS = {STEMS[0]: scene(nyala=None), STEMS[1]: scene(dog=None)}


def known_masks(_: YoutubeVosSequence) -> Iterator[Labels]:
    yield scene(nyala=None)
    yield scene(dog=1)  # one pixel off: J 9/11, F 1 at a tolerance of one pixel
    yield scene()
    yield scene(dog=None, nyala=30)


@pytest.fixture
def root(make_youtube_vos: MakeYoutubeVos) -> Path:
    return make_youtube_vos({"safari": (STEMS, ANNOTATED, {"1": DOG, "2": NYALA})})


def test_each_first_mask_comes_at_its_objects_first_frame(root: Path) -> None:
    (video,) = YoutubeVosDataset(root)
    assert video.stems == tuple(STEMS)
    assert [(listed.object_id, listed.stems[0]) for listed in video.objects] == [
        (1, "00000"),
        (2, "00005"),
    ]
    assert sorted(video.masks) == [0, 1]
    np.testing.assert_array_equal(video.masks[0], scene(nyala=None))
    np.testing.assert_array_equal(video.masks[1], scene(dog=None))


def test_frames_between_the_annotated_ones_shift_the_index_of_a_first_mask(
    make_youtube_vos: MakeYoutubeVos, tmp_path: Path
) -> None:
    """All 30 fps frames as input, masks and submission still at the listed ones."""
    every_frame = [f"{t:05d}" for t in range(16)]
    root = make_youtube_vos({"safari": (every_frame, ANNOTATED, {"1": DOG, "2": NYALA})})
    dataset = YoutubeVosDataset(root)
    assert sorted(dataset.sequences[0].masks) == [0, 5]
    evaluate_youtube_vos(dataset, lambda video: (scene() for _ in video.stems), tmp_path)
    written = tmp_path / "Annotations" / "safari"
    assert sorted(path.stem for path in written.iterdir()) == STEMS


def test_g_by_hand(root: Path, tmp_path: Path) -> None:
    dataset = YoutubeVosDataset(root, unseen_categories=["nyala", "ant"])
    result = evaluate_youtube_vos(dataset, known_masks, tmp_path)
    dog, nyala = result.objects
    assert dog.scored_stems == ("00005", "00010", "00015")
    assert nyala.scored_stems == ("00010", "00015")
    np.testing.assert_allclose(dog.j_per_frame, [9 / 11, 1, 0])
    np.testing.assert_allclose(dog.f_per_frame, [1, 1, 0])
    np.testing.assert_allclose(nyala.j_per_frame, [1, 0])
    np.testing.assert_allclose(nyala.f_per_frame, [1, 0])
    assert result.j_seen == pytest.approx((9 / 11 + 1) / 3)
    assert result.f_seen == pytest.approx(2 / 3)
    assert result.j_unseen == result.f_unseen == 0.5
    assert result.g == pytest.approx(((9 / 11 + 1) / 3 + 2 / 3 + 0.5 + 0.5) / 4)
    assert result.split_known
    assert result.frames == 4
    assert result.frames_per_second == pytest.approx(4 / result.seconds)


def test_scores_are_means_over_objects_whatever_video_they_are_in(
    make_youtube_vos: MakeYoutubeVos, tmp_path: Path
) -> None:
    one_dog = {stem: scene(nyala=None) for stem in STEMS[:3]}
    root = make_youtube_vos(
        {
            "long": (STEMS, ANNOTATED, {"1": DOG, "2": DOG | {"frames": STEMS[1:]}}),
            "brief": (STEMS, one_dog, {"1": DOG | {"frames": STEMS[:3]}}),
        }
    )

    def perfect_but_brief(video: YoutubeVosSequence) -> Iterator[Labels]:
        found = scene() if video.name == "long" else scene(None, None)
        return (found for _ in video.stems)

    result = evaluate_youtube_vos(YoutubeVosDataset(root), perfect_but_brief, tmp_path)
    assert [video.j for video in result.sequences] == [0, 1]
    assert result.j_seen == pytest.approx(2 / 3)


def test_without_a_split_every_object_counts_as_seen(root: Path, tmp_path: Path) -> None:
    result = evaluate_youtube_vos(YoutubeVosDataset(root), known_masks, tmp_path)
    assert not result.split_known
    assert result.j_unseen is None
    assert result.f_unseen is None
    assert result.j_seen == pytest.approx(((9 / 11 + 1) / 3 + 0.5) / 2)
    assert result.g == pytest.approx((result.j_seen + result.f_seen) / 2)


def test_the_split_may_be_in_meta_json(make_youtube_vos: MakeYoutubeVos) -> None:
    videos = {"safari": (STEMS, ANNOTATED, {"1": DOG, "2": NYALA})}
    root = make_youtube_vos(videos, unseen_categories=["nyala"])
    assert [listed.seen for listed in YoutubeVosDataset(root).sequences[0].objects] == [True, False]
    given = YoutubeVosDataset(root, unseen_categories=["dog"]).sequences[0]
    assert [listed.seen for listed in given.objects] == [False, True]


def test_with_only_first_masks_there_is_a_submission_but_no_score(
    make_youtube_vos: MakeYoutubeVos, tmp_path: Path
) -> None:
    """As in the public validation set: the dog's absence from the nyala's mask says nothing."""
    root = make_youtube_vos({"safari": (STEMS, ONLY_FIRST_MASKS, {"1": DOG, "2": NYALA})})
    result = evaluate_youtube_vos(YoutubeVosDataset(root), known_masks, tmp_path)
    assert result.objects == ()
    assert result.g is result.j_seen is result.f_unseen is None
    assert (tmp_path / "submission.zip").is_file()


def test_submission_holds_the_listed_frames_at_full_size(
    make_youtube_vos: MakeYoutubeVos, tmp_path: Path
) -> None:
    until_third = {"category": "dog", "frames": STEMS[:3]}
    one_dog = {STEMS[0]: scene(nyala=None)}
    root = make_youtube_vos(
        {
            "safari": (STEMS, ANNOTATED, {"1": DOG, "2": NYALA}),
            "alone": (STEMS, one_dog, {"1": until_third}),
        }
    )
    evaluate_youtube_vos(YoutubeVosDataset(root), known_masks, tmp_path)
    with zipfile.ZipFile(tmp_path / "submission.zip") as archive:
        assert archive.namelist() == [
            *(f"Annotations/alone/{stem}.png" for stem in STEMS[:3]),
            *(f"Annotations/safari/{stem}.png" for stem in STEMS),
        ]
        with Image.open(BytesIO(archive.read("Annotations/safari/00005.png"))) as image:
            assert image.mode == "P"
            np.testing.assert_array_equal(np.asarray(image), scene(dog=1))
    assert not list(tmp_path.glob(".*"))


def test_equal_masks_give_equal_submissions(root: Path, tmp_path: Path) -> None:
    for out in ("a", "b"):
        evaluate_youtube_vos(YoutubeVosDataset(root), known_masks, tmp_path / out)
    first, second = (tmp_path / out / "submission.zip" for out in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_masks_on_disk_score_the_same(root: Path, tmp_path: Path) -> None:
    dataset = YoutubeVosDataset(root, unseen_categories=["nyala"])
    made = evaluate_youtube_vos(dataset, known_masks, tmp_path)
    given = score_youtube_vos(dataset, tmp_path / "Annotations")
    assert given.g == made.g
    assert given.seconds is None


def test_progress_and_masks_are_checked_as_on_davis(root: Path, tmp_path: Path) -> None:
    dataset = YoutubeVosDataset(root)
    told: list[tuple[str, int, int]] = []
    evaluate_youtube_vos(dataset, known_masks, tmp_path, progress=lambda *now: told.append(now))
    assert told == [("safari", n, 4) for n in (1, 2, 3, 4)]
    with pytest.raises(ValueError, match="safari: expected 4 masks, got 2"):
        evaluate_youtube_vos(dataset, lambda _: [scene()] * 2, tmp_path)


def refused(code: str, match: str, action: Callable[[], object]) -> None:
    with pytest.raises(InputError, match=match) as caught:
        action()
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_a_dataset_needs_its_folders_and_meta_json(root: Path, tmp_path: Path) -> None:
    refused("folder_missing", "nowhere", lambda: YoutubeVosDataset(tmp_path / "nowhere"))
    (root / "meta.json").write_text("{")
    refused("meta_unreadable", r"meta\.json: expected JSON", lambda: YoutubeVosDataset(root))
    (root / "meta.json").unlink()
    refused("meta_unreadable", r"meta\.json", lambda: YoutubeVosDataset(root))


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ([], r"meta\.json: expected a JSON object, got list"),
        ({}, "videos: expected a JSON object, got NoneType"),
        ({"videos": {"safari": []}}, "video safari: expected a JSON object"),
        ({"videos": {"safari": {}}}, "objects: expected a JSON object"),
        ({"videos": {"safari": {"objects": {}}}}, "at least one object, found none"),
        ({"videos": {"safari": {"objects": {"0": DOG}}}}, "ids 1 to 254, got '0'"),
        ({"videos": {"safari": {"objects": {"dog": DOG}}}}, "ids 1 to 254, got 'dog'"),
        ({"videos": {"safari": {"objects": {"1": {}}}}}, "object 1: expected a list of frame"),
        ({"videos": {"safari": {"objects": {"1": {"frames": []}}}}}, r"'frames', got \[\]"),
        ({"videos": {}, "unseen_categories": "ant"}, "'unseen_categories', got 'ant'"),
    ],
)
def test_meta_json_must_have_the_published_form(root: Path, meta: Any, message: str) -> None:
    (root / "meta.json").write_text(json.dumps(meta))
    refused("meta_invalid", message, lambda: YoutubeVosDataset(root))


def test_videos_must_exist_and_have_the_listed_frames(root: Path) -> None:
    refused(
        "sequence_unknown",
        "expected one of safari, got 'city'",
        lambda: YoutubeVosDataset(root, sequences=["city"]),
    )
    (root / "JPEGImages" / "safari" / "00010.jpg").unlink()
    refused("frame_missing", "safari: expected frame 00010", lambda: YoutubeVosDataset(root))
    (root / "meta.json").write_text('{"videos": {}}')
    refused("dataset_empty", "expected videos", lambda: YoutubeVosDataset(root))


def test_a_split_needs_the_objects_categories(make_youtube_vos: MakeYoutubeVos) -> None:
    root = make_youtube_vos({"safari": (STEMS, ANNOTATED, {"1": {"frames": STEMS}})})
    assert YoutubeVosDataset(root).sequences[0].objects[0].category is None
    refused(
        "category_missing",
        "object 1: expected a 'category'",
        lambda: YoutubeVosDataset(root, unseen_categories=["nyala"]),
    )


def test_first_masks_must_be_there(root: Path) -> None:
    (video,) = YoutubeVosDataset(root)
    Image.fromarray(scene(nyala=None)).save(root / "Annotations" / "safari" / "00005.png")
    refused(
        "annotation_lacks_object",
        r"00005\.png: expected object 2, .* got ids \[1\]",
        lambda: video.masks,
    )
    (root / "Annotations" / "safari" / "00005.png").unlink()
    refused("mask_missing", r"00005\.png", lambda: video.masks)


def test_masks_to_score_must_be_complete(root: Path, tmp_path: Path) -> None:
    dataset = YoutubeVosDataset(root)
    evaluate_youtube_vos(dataset, known_masks, tmp_path)
    (tmp_path / "Annotations" / "safari" / "00010.png").unlink()
    refused(
        "mask_missing",
        r"safari/00010\.png",
        lambda: score_youtube_vos(dataset, tmp_path / "Annotations"),
    )
