"""Exports for annotation tools, each read by a reader that is not ours."""

import json
from pathlib import Path

import numpy as np
import pytest
import supervision
from exported_clip import FRAMES, HEIGHT, NAMES, WIDTH, confidence, truth
from PIL import Image
from pycocotools import mask as coco_mask

STEMS = [f"{index:05d}" for index in range(FRAMES)]


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def present(index: int) -> list[int]:
    return [int(i) for i in np.unique(truth(index)) if i]


def test_youtube_vis_has_a_run_length_per_frame_and_object(exported):
    document = json.loads((exported / "youtube-vis" / "annotations.json").read_text())
    (video,) = document["videos"]
    assert (video["width"], video["height"], video["length"]) == (WIDTH, HEIGHT, FRAMES)
    assert video["file_names"] == [f"{stem}.jpg" for stem in STEMS]
    categories = {entry["id"]: entry["name"] for entry in document["categories"]}
    assert [entry["id"] for entry in document["annotations"]] == list(NAMES)
    for track in document["annotations"]:
        object_id = track["id"]
        assert categories[track["category_id"]] == NAMES[object_id]
        assert len(track["segmentations"]) == len(track["bboxes"]) == len(track["areas"]) == FRAMES
        for index, rle in enumerate(track["segmentations"]):
            wanted = truth(index) == object_id
            if not wanted.any():
                assert rle is track["bboxes"][index] is track["areas"][index] is None
                continue
            np.testing.assert_array_equal(coco_mask.decode(rle).astype(bool), wanted)
            assert track["areas"][index] == wanted.sum()
        seen = [confidence(i, object_id) for i in range(FRAMES) if object_id in present(i)]
        assert track["score"] == pytest.approx(np.mean(seen), abs=1e-3)


def test_yolo_is_a_data_set_of_supervision(exported):
    folder = exported / "yolo-seg"
    found = supervision.DetectionDataset.from_yolo(
        str(folder / "images"), str(folder / "labels"), str(folder / "data.yaml"), force_masks=True
    )
    assert found.classes == list(NAMES.values())
    assert len(found) == FRAMES
    for path, image, detections in found:
        index = STEMS.index(Path(path).stem)
        assert image.shape == (HEIGHT, WIDTH, 3)
        ids = [list(NAMES)[class_id] for class_id in detections.class_id]
        assert ids == present(index)
        for object_id, mask in zip(ids, detections.mask, strict=True):
            assert overlap(mask.astype(bool), truth(index) == object_id) > 0.97


def test_labelme_is_a_data_set_of_supervision(exported):
    folder = exported / "labelme"
    found = supervision.DetectionDataset.from_labelme(str(folder), str(folder), force_masks=True)
    assert set(found.classes) == set(NAMES.values())
    assert len(found) == FRAMES
    for path, _, detections in found:
        index = STEMS.index(Path(path).stem)
        names = [found.classes[class_id] for class_id in detections.class_id]
        for object_id, name in NAMES.items():
            parts = [m for m, n in zip(detections.mask, names, strict=True) if n == name]
            wanted = truth(index) == object_id
            assert bool(parts) == wanted.any()
            if parts:
                assert overlap(np.any(parts, 0), wanted) > 0.97
        document = json.loads((folder / f"{STEMS[index]}.json").read_text())
        groups = {shape["group_id"]: shape["label"] for shape in document["shapes"]}
        assert groups == {i: NAMES[i] for i in present(index)}


def test_mots_text_and_pictures_tell_the_same(exported):
    lines = (exported / "mots" / "gt.txt").read_text().splitlines()
    read: dict[tuple[int, int], np.ndarray] = {}
    for line in lines:
        frame, value, class_id, height, width, counts = line.split(" ")
        assert int(value) // 1000 == int(class_id)
        rle = {"size": [int(height), int(width)], "counts": counts}
        read[int(frame), int(value) % 1000] = coco_mask.decode(rle).astype(bool)
    assert sorted(read) == [(index, i) for index in range(FRAMES) for i in present(index)]
    for (index, object_id), mask in read.items():
        np.testing.assert_array_equal(mask, truth(index) == object_id)
    names = (exported / "mots" / "instances" / "labels.txt").read_text().splitlines()
    for index, stem in enumerate(STEMS):
        values = np.asarray(Image.open(exported / "mots" / "instances" / f"{stem}.png"))
        np.testing.assert_array_equal(values % 1000, truth(index))
        for object_id in present(index):
            (value,) = np.unique(values[truth(index) == object_id])
            assert names[value // 1000 - 1] == NAMES[object_id]


def test_voc_has_palettes_of_names_and_of_ids(exported):
    folder = exported / "voc"
    rows = [row.split(":") for row in (folder / "labelmap.txt").read_text().splitlines()]
    listed = (folder / "ImageSets" / "Segmentation" / "train.txt").read_text().split()
    assert listed == STEMS
    for index, stem in enumerate(STEMS):
        assert Image.open(folder / "JPEGImages" / f"{stem}.jpg").size == (WIDTH, HEIGHT)
        objects = Image.open(folder / "SegmentationObject" / f"{stem}.png")
        np.testing.assert_array_equal(np.asarray(objects), truth(index))
        colours = np.asarray(
            Image.open(folder / "SegmentationClass" / f"{stem}.png").convert("RGB")
        )
        for object_id, name in NAMES.items():
            (colour,) = [row[1] for row in rows if row[0] == name]
            mask = (colours == [int(value) for value in colour.split(",")]).all(-1)
            np.testing.assert_array_equal(mask, truth(index) == object_id)


def test_npz_has_all_masks_in_one_array(exported, video):
    with np.load(exported / "npz" / "masks.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["masks"], [truth(i) for i in range(FRAMES)])
        assert dict(zip(arrays["ids"].tolist(), arrays["names"].tolist(), strict=True)) == NAMES
        assert arrays["stems"].tolist() == STEMS
        np.testing.assert_allclose(arrays["times"], np.arange(FRAMES) * 1001 / 24000, atol=1e-4)
        wanted = [[confidence(index, i) for i in NAMES] for index in range(FRAMES)]
        np.testing.assert_allclose(arrays["scores"], wanted, atol=1e-3)
