"""Polygons and masks of LabelMe files."""

import base64
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ctvos_core.results.annotations.shapes import Picture, Shape


def labelme_shapes(path: Path, document: dict[str, Any]) -> Iterator[Shape]:
    """The shapes of a LabelMe document; objects are told apart by `group_id`, else by label."""
    name = document.get("imagePath") or path.name
    picture = Picture(name, None, (document["imageWidth"], document["imageHeight"]))
    for entry in document["shapes"]:
        paint = _PAINTERS.get(entry.get("shape_type", "polygon"))
        if paint is not None:
            yield Shape(
                picture,
                entry["label"],
                entry.get("group_id"),
                partial(paint, entry),
            )


def _polygon(entry: dict[str, Any], height: int, width: int) -> Any:
    image = Image.new("1", (width, height))
    points = [(float(x), float(y)) for x, y in entry["points"]]
    ImageDraw.Draw(image).polygon(points, fill=1, outline=1)
    return np.array(image)


def _mask(entry: dict[str, Any], height: int, width: int) -> Any:
    left, top = (round(value) for value in entry["points"][0])
    data = io.BytesIO(base64.b64decode(entry["mask"]))
    with Image.open(data, formats=["PNG"]) as image:
        inside = np.asarray(image) > 0
    mask = np.zeros((height, width), bool)
    mask[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return mask


_PAINTERS = {"polygon": _polygon, "mask": _mask}
