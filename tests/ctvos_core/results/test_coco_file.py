"""COCO files load in pycocotools and give the masks back."""

import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from ctvos_core.results import CocoWriter, decode_rle, encode_rle
from ctvos_core.video import probe


def label_maps(count, height, width):
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 5, (count, height, width)).astype(np.uint8)
    maps[0] = 0  # nothing in sight
    maps[1][maps[1] == 3] = 200
    return maps


def test_rle_round_trip():
    rng = np.random.default_rng(0)
    for mask in (rng.random((67, 101)) > 0.5, np.zeros((5, 3), bool), np.ones((3, 5), bool)):
        rle = encode_rle(mask)
        assert rle["size"] == list(mask.shape)
        assert json.loads(json.dumps(rle)) == rle
        np.testing.assert_array_equal(decode_rle(rle), mask)


def test_pycocotools_reads_what_was_written(make_video, tmp_path):
    info = probe(make_video(count=4, size=(96, 64)))
    maps = label_maps(4, 64, 96)
    path = tmp_path / "coco.json"
    with CocoWriter(path, info) as writer:
        for index in (0, 2, 1, 3):
            writer.add(index, maps[index], {1: 0.25, 2: 0.5})
        assert not path.exists()
    coco = COCO(path)
    assert sorted(coco.getCatIds()) == [1, 2, 3, 4, 200]
    assert len(coco.getImgIds()) == 4
    for index, labels in enumerate(maps):
        (image,) = coco.loadImgs(index + 1)
        assert (image["width"], image["height"], image["frame_index"]) == (96, 64, index)
        assert image["file_name"] == f"{index:05d}.jpg"
        assert image["time_seconds"] == pytest.approx(index / 25)
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=index + 1))
        rebuilt = np.zeros_like(labels)
        for annotation in annotations:
            mask = coco.annToMask(annotation)
            rebuilt[mask > 0] = annotation["category_id"]
            ys, xs = np.nonzero(mask)
            left, top, width, height = annotation["bbox"]
            assert (left, top) == (xs.min(), ys.min())
            assert (left + width - 1, top + height - 1) == (xs.max(), ys.max())
            assert annotation["area"] == mask.sum()
            assert annotation["track_id"] == annotation["category_id"]
            assert annotation.get("score") == {1: 0.25, 2: 0.5}.get(annotation["category_id"])
        np.testing.assert_array_equal(rebuilt, labels)
    identities = [annotation["id"] for annotation in coco.dataset["annotations"]]
    assert sorted(identities) == list(range(1, len(identities) + 1))


def test_frames_of_a_folder_keep_their_names(make_frames, tmp_path):
    info = probe(make_frames(["a7.png", "a8.png"]))
    with CocoWriter(tmp_path / "c.json", info) as writer:
        writer.add(1, np.ones((64, 96), np.uint8))
    data = json.loads((tmp_path / "c.json").read_text())
    assert [image["file_name"] for image in data["images"]] == ["a8.png"]


def test_nothing_added_is_still_a_coco_file(make_video, tmp_path):
    with CocoWriter(tmp_path / "c.json", probe(make_video(count=1))):
        pass
    assert COCO(tmp_path / "c.json").getAnnIds() == []


def test_nothing_is_left_after_an_exception(make_video, tmp_path):
    info = probe(make_video(count=2))
    folder = tmp_path / "out"
    folder.mkdir()
    with (
        pytest.raises(ValueError, match="expected labels 64 x 96"),
        CocoWriter(folder / "c.json", info) as writer,
    ):
        writer.add(0, np.ones((96, 64), np.uint8))
    assert list(folder.iterdir()) == []
