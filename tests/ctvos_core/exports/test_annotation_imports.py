"""Masks out of annotation files: our exports, files made by tools of others, and bad ones."""

import base64
import io
import json

import numpy as np
import pytest
from exported_clip import FRAMES, HEIGHT, NAMES, WIDTH, truth
from PIL import Image
from pycocotools import mask as coco_mask

from ctvos_core.errors import InputError
from ctvos_core.results.annotations import read_annotations
from ctvos_core.results.inputs import read_inputs
from ctvos_core.video import open_frames
from ctvos_core.video.range import FrameRange


def overlap(first, second):
    return float((first & second).sum() / (first | second).sum())


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def coco(annotations, file_names=("00003.jpg",)):
    images = [
        {"id": i, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for i, name in enumerate(file_names)
    ]
    categories = [{"id": 5, "name": "dog"}, {"id": 9, "name": "cat"}]
    return {"images": images, "categories": categories, "annotations": annotations}


def annotation(mask, *, image=0, category=5, **more):
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    segmentation = {"size": rle["size"], "counts": rle["counts"].decode()}
    return {"image_id": image, "category_id": category, "segmentation": segmentation} | more


@pytest.mark.parametrize("name", ["images.xml", "video.xml"])
def test_cvat_gives_back_what_was_exported(exported, video, name):
    found = read_annotations([exported / "cvat" / name], open_frames(video).info)
    assert found.names == NAMES
    assert list(found.masks) == list(range(FRAMES))
    for index, labels in found.masks.items():
        np.testing.assert_array_equal(labels, truth(index))


def test_labelme_files_together_are_the_masks_of_a_video(exported, video):
    files = sorted((exported / "labelme").glob("*.json"))
    found = read_annotations(files, open_frames(video).info)
    assert found.names == NAMES
    for index in range(FRAMES):
        for object_id in NAMES:
            wanted = truth(index) == object_id
            if wanted.any():
                assert overlap(found.masks[index] == object_id, wanted) > 0.97


def test_polygons_and_run_lengths_of_coco(video, tmp_path):
    square = [40, 20, 80, 20, 80, 60, 40, 60]
    polygon = {"image_id": 0, "category_id": 9, "segmentation": [square]}
    counts = {"size": [HEIGHT, WIDTH], "counts": [0, 96, HEIGHT * WIDTH - 96]}
    column = {"image_id": 0, "category_id": 5, "segmentation": counts}
    path = write(tmp_path / "coco.json", coco([polygon, column]))
    found = read_annotations([path], open_frames(video).info)
    assert found.names == {1: "cat", 2: "dog"}
    wanted = np.zeros((HEIGHT, WIDTH), np.uint8)
    wanted[20:60, 40:80] = 1
    wanted[:, 0] = 2
    np.testing.assert_array_equal(found.masks[3], wanted)


def test_track_ids_of_coco_are_object_ids(video, tmp_path):
    entries = [
        annotation(truth(index) == 2, image=image, track_id=40)
        for image, index in enumerate((1, 6))
    ]
    entries.append(annotation(truth(6) == 7, image=1, attributes={"track_id": 7}))
    names = ("frame_000001.png", "frame_000006.png")
    path = write(tmp_path / "coco.json", coco(entries, names))
    found = read_annotations([path], open_frames(video).info)
    assert sorted(found.masks) == [1, 6]
    assert found.names == {7: "dog", 40: "dog"}
    assert set(np.unique(found.masks[6])) == {0, 7, 40}


def test_annotations_of_one_image_are_objects_each(video, tmp_path):
    entries = [annotation(truth(3) == i) for i in (2, 7)]
    path = write(tmp_path / "coco.json", coco(entries))
    found = read_annotations([path], open_frames(video).info)
    np.testing.assert_array_equal(found.masks[3] == 2, truth(3) == 7)
    path = write(
        tmp_path / "two.json",
        coco([*entries, annotation(truth(4) == 2, image=1)], ("00003.jpg", "00004.jpg")),
    )
    with pytest.raises(InputError, match="expected a track_id for every annotation"):
        read_annotations([path], open_frames(video).info)


def test_a_mask_of_labelme_is_of_the_frame_that_is_told(video, tmp_path):
    inside = io.BytesIO()
    Image.fromarray(np.full((30, 20), 255, np.uint8)).save(inside, "PNG")
    shape = {
        "label": "cup",
        "points": [[10, 15], [29, 44]],
        "shape_type": "mask",
        "mask": base64.b64encode(inside.getvalue()).decode(),
    }
    document = {"imagePath": "x.jpg", "imageWidth": WIDTH, "imageHeight": HEIGHT, "shapes": [shape]}
    path = write(tmp_path / "x.json", document)
    inputs = read_inputs(video, [path], [8], wanted=FrameRange(4, 12, 2))
    assert list(inputs.masks) == [2]
    assert inputs.objects == {2: (1,)}
    wanted = np.zeros((HEIGHT, WIDTH), np.uint8)
    wanted[15:45, 10:30] = 1
    np.testing.assert_array_equal(inputs.masks[2], wanted)
    with pytest.raises(InputError, match=r"got x\.jpg") as caught:
        read_inputs(video, [path])
    assert caught.value.code == "annotation_of_another_video"


def test_of_several_frames_those_in_the_range_are_given(exported, video):
    file = exported / "cvat" / "video.xml"
    inputs = read_inputs(video, [file], wanted=FrameRange(3, 8, 2))
    assert list(inputs.masks) == [0, 1, 2]
    assert inputs.objects == {0: (2, 7), 1: (2,), 2: (2, 7)}
    assert list(read_inputs(video, [file], [6]).masks) == [6]
    with pytest.raises(InputError, match="got some of"):
        read_inputs(video, [file], [6], wanted=FrameRange(0, 3))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.json", "{", "annotation_unreadable"),
        ("a.json", "[]", "annotation_unreadable"),
        ("a.json", '{"images": [], "annotations": [{}]}', "annotation_empty"),
        ("a.xml", "<annotations>", "annotation_unreadable"),
        ("a.xml", "<annotations/>", "annotation_empty"),
        (
            "a.xml",
            '<a><image id="0" name="0.jpg" width="9" height="9"><polygon label="x" points="1,1"/>'
            "</image></a>",
            "mask_size_mismatch",
        ),
        (
            "a.xml",
            f'<a><image id="0" name="0.jpg" width="{WIDTH}" height="{HEIGHT}"><mask label="x" '
            'left="0" top="0" width="5" height="5" rle="1,2"/></image></a>',
            "annotation_unreadable",
        ),
    ],
)
def test_bad_files_are_refused(video, tmp_path, name, content, code):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=name) as caught:
        read_annotations([tmp_path / name], open_frames(video).info)
    assert caught.value.code == code
