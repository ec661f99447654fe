"""CVAT's XML, beside what CVAT's own library makes of the same masks."""

from xml.etree import ElementTree

import numpy as np
import pytest
from cvat_sdk.masks import decode_mask, encode_mask
from exported_clip import FRAMES, HEIGHT, NAMES, WIDTH, truth


def sides(shape):
    left, top, width, height = (int(shape.get(k)) for k in ("left", "top", "width", "height"))
    return left, top, left + width, top + height


def cvat_points(shape):
    """A mask as CVAT's server has it: run lengths, then the box with its last row and column."""
    left, top, right, bottom = sides(shape)
    lengths = [int(length) for length in shape.get("rle").split(",")]
    return [*lengths, left, top, right - 1, bottom - 1]


def check(shape, mask):
    assert cvat_points(shape) == encode_mask(mask, sides(shape))
    found = decode_mask(cvat_points(shape), image_width=WIDTH, image_height=HEIGHT)
    np.testing.assert_array_equal(found, mask)


def test_masks_of_images_are_grouped_by_object(exported):
    root = ElementTree.parse(exported / "cvat" / "images.xml").getroot()
    assert [name.text for name in root.iter("name")][1:] == list(NAMES.values())
    images = root.findall("image")
    assert [(image.get("id"), image.get("name")) for image in images] == [
        (str(index), f"{index:05d}.jpg") for index in range(FRAMES)
    ]
    for index, image in enumerate(images):
        masks = {int(mask.get("group_id")): mask for mask in image}
        assert list(masks) == [i for i in NAMES if (truth(index) == i).any()]
        for object_id, mask in masks.items():
            assert (mask.get("label"), mask.get("source")) == (NAMES[object_id], "auto")
            check(mask, truth(index) == object_id)


@pytest.mark.parametrize("object_id", NAMES)
def test_tracks_of_a_video_end_where_an_object_is_away(exported, object_id):
    root = ElementTree.parse(exported / "cvat" / "video.xml").getroot()
    (track,) = (track for track in root.findall("track") if track.get("id") == str(object_id))
    assert track.get("label") == NAMES[object_id]
    shown = {}
    for mask in track:
        assert mask.get("keyframe") == "1"
        index = int(mask.get("frame"))
        shown[index] = mask.get("outside") == "0"
        if shown[index]:
            check(mask, truth(index) == object_id)
    away = {4: False} if object_id == 7 else {}
    everywhere = {i: True for i in range(FRAMES) if object_id == 2 or i not in (4, 5)}
    assert shown == everywhere | away
