"""YOLO segmentation: pictures, one polygon a line, and the `data.yaml` that a training wants."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctvos_core.exports.polygons import single_outline
from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame

_WITHIN_PIXEL = 0.25
"""Added to pixel indices: readers that cut decimals off and those that round find that pixel."""


@contextmanager
def yolo_seg(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`data.yaml`, `images/` and `labels/`: one line per object, its class and one polygon.

    Parts of an object, and its holes, are joined by slits: the format has one outline per object.
    It has no ids; lines are in the order of ids, and classes are names, from 0.
    """
    images, labels = folder / "images", folder / "labels"
    images.mkdir()
    labels.mkdir()
    # JSON is YAML: names with quotes or colons are right, too.
    names = "\n".join(f"  {i}: {json.dumps(name)}" for i, name in enumerate(clip.labels))
    (folder / "data.yaml").write_text(
        f"train: images\nval: images\nnc: {len(clip.labels)}\nnames:\n{names}\n", encoding="utf-8"
    )
    width, height = clip.info.size

    def add(frame: ExportFrame) -> None:
        clip.write_image(images, frame.frame)
        lines = []
        for object_id, mask in frame.objects(clip):
            points = (single_outline(mask) + _WITHIN_PIXEL) / (width, height)
            line = " ".join(f"{value:.6f}" for value in points.ravel())
            lines.append(f"{clip.class_of(object_id)} {line}\n")
        stem = clip.info.stems[frame.frame.index]
        (labels / f"{stem}.txt").write_text("".join(lines))

    yield add
