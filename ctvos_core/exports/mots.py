"""MOTS: multi-object tracking and segmentation, as text and as 16-bit PNG."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame
from ctvos_core.results.rle import encode_rle

_PER_CLASS = 1000
_MOST_CLASSES = 65
"""What 16 bits hold."""


@contextmanager
def mots(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`gt.txt` and `instances/<stem>.png`, both with 1000 x class + object id.

    Classes are names, from 1, listed in `instances/labels.txt`. A line of the text is: frame, that
    number, class, height, width, run lengths.

    Raises:
        InputError: `export_too_many_names`.
    """
    if len(clip.labels) > _MOST_CLASSES:
        raise InputError(
            "export_too_many_names",
            f"mots: expected at most {_MOST_CLASSES} different names, got {len(clip.labels)}",
        )
    instances = folder / "instances"
    instances.mkdir()
    (instances / "labels.txt").write_text("\n".join(clip.labels) + "\n", encoding="utf-8")
    classes = {i: clip.class_of(i) + 1 for i in clip.names}
    values = np.zeros(256, np.uint16)
    for object_id, class_id in classes.items():
        values[object_id] = _PER_CLASS * class_id + object_id
    height, width = clip.info.height, clip.info.width
    with (folder / "gt.txt").open("w", encoding="ascii") as text:

        def add(frame: ExportFrame) -> None:
            for object_id, mask in frame.objects(clip):
                text.write(
                    f"{clip.number(frame.frame.index)} {values[object_id]} {classes[object_id]} "
                    f"{height} {width} {encode_rle(mask)['counts']}\n"
                )
            png = cv2.imencode(".png", values[frame.labels])[1]
            stem = clip.info.stems[frame.frame.index]
            (instances / f"{stem}.png").write_bytes(png.tobytes())

        yield add
