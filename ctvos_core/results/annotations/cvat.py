"""Polygons and masks of CVAT's XML, for images and for videos."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from ctvos_core.results.annotations.shapes import Picture, Shape, polygons_mask


def cvat_shapes(path: Path, root: Element) -> Iterator[Shape]:
    """The shapes of a CVAT document, those with a smaller `z_order` first.

    Objects are told apart by tracks, or by `group_id`, which 0 is not.
    """
    size = None
    if (stored := root.find(".//original_size")) is not None:
        size = int(stored.findtext("width", "0")), int(stored.findtext("height", "0"))
    shapes: list[tuple[int, Shape]] = []
    for image in root.iter("image"):
        picture = Picture(image.attrib["name"], int(image.attrib["id"]), _size(image))
        for element in image:
            group = int(element.get("group_id", 0)) or None
            if element.tag in _PAINTERS:
                shapes.append(_shape(element, picture, element.attrib["label"], group))
    frames: dict[int, Picture] = {}
    for track in root.iter("track"):
        for element in track:
            if element.tag in _PAINTERS and element.get("outside") != "1":
                number = int(element.attrib["frame"])
                picture = frames.setdefault(number, Picture(f"frame {number}", number, size))
                shapes.append(
                    _shape(element, picture, track.attrib["label"], int(track.attrib["id"]))
                )
    yield from (shape for _, shape in sorted(shapes, key=lambda pair: pair[0]))


def _size(image: Element) -> tuple[int, int]:
    return int(image.attrib["width"]), int(image.attrib["height"])


def _shape(element: Element, picture: Picture, name: str, number: int | None) -> tuple[int, Shape]:
    shape = Shape(picture, name, number, partial(_PAINTERS[element.tag], element))
    return int(element.get("z_order", 0)), shape


def _polygon(element: Element, height: int, width: int) -> Any:
    pairs = element.attrib["points"].split(";")
    return polygons_mask([[float(v) for pair in pairs for v in pair.split(",")]], height, width)


def _mask(element: Element, height: int, width: int) -> Any:
    left, top, columns, rows = (
        int(float(element.attrib[name])) for name in ("left", "top", "width", "height")
    )
    lengths = [int(length) for length in element.attrib["rle"].split(",")]
    inside = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(rows, columns)
    mask = np.zeros((height, width), bool)
    mask[top : top + rows, left : left + columns] = inside
    return mask


_PAINTERS = {"polygon": _polygon, "mask": _mask}
