"""Pascal VOC segmentation: pictures, and indexed PNGs of classes and of objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame
from ctvos_core.results.masks import davis_palette, mask_png_bytes


@contextmanager
def voc(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`JPEGImages/`, `SegmentationClass/`, `SegmentationObject/`, `ImageSets/` and `labelmap.txt`.

    Values of `SegmentationObject` are object ids. Values of `SegmentationClass` are names, from 1,
    with the format's colours, which `labelmap.txt` lists; a colon, which ends a name there, becomes
    a space.
    """
    images, classes, objects = (
        folder / name for name in ("JPEGImages", "SegmentationClass", "SegmentationObject")
    )
    sets = folder / "ImageSets" / "Segmentation"
    for path in (images, classes, objects, sets):
        path.mkdir(parents=True)
    colours = davis_palette()
    rows = [f"background:{_colour(colours[0])}::\n"]
    for value, name in enumerate(clip.labels, 1):
        rows.append(f"{name.replace(':', ' ')}:{_colour(colours[value])}::\n")
    (folder / "labelmap.txt").write_text("".join(rows), encoding="utf-8")
    class_values = np.zeros(256, np.uint8)
    for object_id in clip.names:
        class_values[object_id] = clip.class_of(object_id) + 1
    with (sets / "train.txt").open("w", encoding="utf-8") as listed:

        def add(frame: ExportFrame) -> None:
            stem = clip.info.stems[frame.frame.index]
            clip.write_image(images, frame.frame)
            (objects / f"{stem}.png").write_bytes(mask_png_bytes(frame.labels))
            (classes / f"{stem}.png").write_bytes(mask_png_bytes(class_values[frame.labels]))
            listed.write(f"{stem}\n")

        yield add


def _colour(colour: np.ndarray) -> str:
    return ",".join(map(str, colour.tolist()))
