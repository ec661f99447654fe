"""LabelMe: one JSON of polygons beside each picture."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctvos_core.exports.polygons import outlines
from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame


@contextmanager
def labelme(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`<stem>.json` and the picture: a polygon per part, `group_id` is the object's id.

    Holes are joined to the outline by slits: the format has no other way to tell them.
    """

    def add(frame: ExportFrame) -> None:
        index = frame.frame.index
        clip.write_image(folder, frame.frame)
        shapes = [
            {
                "label": clip.names[object_id],
                "points": part.astype(float).tolist(),
                "group_id": object_id,
                "description": "",
                "shape_type": "polygon",
                "flags": {},
                "mask": None,
            }
            for object_id, mask in frame.objects(clip)
            for part in outlines(mask)
        ]
        document: dict[str, Any] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": clip.image_name(index),
            "imageData": None,
            "imageHeight": clip.info.height,
            "imageWidth": clip.info.width,
        }
        path = folder / f"{clip.info.stems[index]}.json"
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")

    yield add
