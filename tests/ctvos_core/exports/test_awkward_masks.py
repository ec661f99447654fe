"""Names and shapes that formats have no place for."""

import json
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
import supervision
from exported_clip import HEIGHT, WIDTH
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from ctvos_core.errors import InputError
from ctvos_core.exports import FORMATS, export_video
from ctvos_core.exports.polygons import outlines, single_outline
from ctvos_core.exports.run_lengths import decode_runs, runs
from ctvos_core.video import open_frames

NAMES = {1: "dog", 2: "dog", 3: 'a "cat": <b> & more', 255: "猫"}


def labels_of(index: int) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[0, 0] = 1  # a pixel in a corner
    labels[50, 20:60] = 2  # a line
    labels[60:, 100:] = 3  # at the border
    labels[10:30, 90 + index : 110] = 255
    return labels


def test_equal_and_strange_names_keep_objects_apart(video, tmp_path):
    export_video(open_frames(video), labels_of, tmp_path, list(FORMATS), NAMES)
    tracks = json.loads((tmp_path / "youtube-vis" / "annotations.json").read_text())
    names = {entry["id"]: entry["name"] for entry in tracks["categories"]}
    assert {t["id"]: names[t["category_id"]] for t in tracks["annotations"]} == NAMES
    root = ElementTree.parse(tmp_path / "cvat" / "video.xml").getroot()
    assert {int(t.get("id")): t.get("label") for t in root.iter("track")} == NAMES
    films = {path.stem for path in (tmp_path / "prores").iterdir()}
    assert films == {"dog", "dog_2", "a_cat_b_more", "object_255"}
    folder = tmp_path / "yolo-seg"
    found = supervision.DetectionDataset.from_yolo(
        str(folder / "images"), str(folder / "labels"), str(folder / "data.yaml"), force_masks=True
    )
    assert found.classes == ["dog", NAMES[3], "猫"]
    for place, (_, _, detections) in enumerate(found):
        assert detections.class_id.tolist() == [0, 0, 1, 2]
        labels = labels_of(int(found.image_paths[place][-9:-4]))
        for object_id, mask in zip(NAMES, detections.mask, strict=True):
            np.testing.assert_array_equal(mask.astype(bool), labels == object_id)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines"])
def test_names_that_are_no_line_of_text_are_refused(video, tmp_path, name):
    with pytest.raises(InputError, match="printable") as caught:
        export_video(open_frames(video), labels_of, tmp_path, ["mots"], {1: name})
    assert caught.value.code == "name_invalid"


def test_what_fails_leaves_nothing(video, tmp_path):
    def labels(index: int) -> np.ndarray:
        if index == 5:
            raise InputError("mask_unreadable", "frame 5: expected a mask, got none")
        return labels_of(index)

    with pytest.raises(InputError, match="frame 5"):
        export_video(open_frames(video), labels, tmp_path / "out", list(FORMATS), NAMES)
    assert not list((tmp_path / "out").iterdir())


MASKS = arrays(np.bool_, (9, 12)).filter(np.any)


def filled(polygons: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    image = np.zeros(shape, np.uint8)
    for polygon in polygons:
        assert len(polygon) >= 3
        cv2.fillPoly(image, [polygon], 1)
    return image.astype(bool)


@settings(deadline=None, max_examples=60)
@given(MASKS)
def test_polygons_lose_no_pixel_of_any_mask(mask):
    assert filled(outlines(mask), mask.shape)[mask].all()
    assert filled([single_outline(mask)], mask.shape)[mask].all()


@settings(deadline=None, max_examples=60)
@given(MASKS)
def test_parts_without_holes_are_exact(mask):
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(whole, contours, -1, 1, cv2.FILLED)
    np.testing.assert_array_equal(filled(outlines(whole > 0), mask.shape), whole > 0)


def test_holes_stay_open():
    mask = np.zeros((60, 90), bool)
    mask[5:55, 5:85] = True
    mask[15:25, 15:25] = mask[30:50, 20:40] = mask[12:48, 60:75] = False
    (outline,) = outlines(mask)
    np.testing.assert_array_equal(filled([outline], mask.shape), mask)


@settings(deadline=None, max_examples=60)
@given(MASKS)
def test_run_lengths_give_back_any_mask(mask):
    np.testing.assert_array_equal(decode_runs(runs(mask.ravel())).reshape(mask.shape), mask)
