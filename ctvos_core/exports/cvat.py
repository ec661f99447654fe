"""CVAT 1.1: masks of images, and tracks of a video."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from ctvos_core.exports.run_lengths import cvat_run_lengths
from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame, spooling
from ctvos_core.results.masks import davis_palette


@contextmanager
def cvat(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`images.xml` and `video.xml`, the same masks for a task of images or of a video.

    `group_id` of a mask in the first, and `id` of a track in the second, are the object's.
    """
    info = clip.info
    shown: set[int] = set()
    with (
        spooling(folder, clip) as spool,
        (folder / "images.xml").open("w", encoding="utf-8") as images,
    ):
        images.write(_head(clip, "annotation"))

        def add(frame: ExportFrame) -> None:
            index = frame.frame.index
            number = clip.number(index)
            images.write(
                f'  <image id="{number}" name={quoteattr(clip.image_name(index))} '
                f'width="{info.width}" height="{info.height}">\n'
            )
            masks = dict(frame.objects(clip))
            for object_id, mask in masks.items():
                shape = _shape(mask)
                images.write(
                    f"    <mask label={quoteattr(clip.names[object_id])} "
                    f'source="auto" {shape} group_id="{object_id}"></mask>\n'
                )
                spool.add(object_id, _key_frame(number, shape, is_outside=False))
            images.write("  </image>\n")
            for object_id in shown - masks.keys():
                shape = 'occluded="0" rle="0, 1" left="0" top="0" width="1" height="1" z_order="0"'
                spool.add(object_id, _key_frame(number, shape, is_outside=True))
            shown.clear()
            shown.update(masks)

        yield add
        images.write("</annotations>\n")
        with (folder / "video.xml").open("w", encoding="utf-8") as video:
            video.write(_head(clip, "interpolation"))
            for object_id, name in clip.names.items():
                label = quoteattr(name)
                video.write(f'  <track id="{object_id}" label={label} source="auto">\n')
                for line in spool.lines(object_id):
                    video.write(line + "\n")
                video.write("  </track>\n")
            video.write("</annotations>\n")


def _head(clip: ExportClip, mode: str) -> str:
    labels = ""
    for place, name in enumerate(clip.labels, 1):
        colour = "#{:02x}{:02x}{:02x}".format(*davis_palette()[place].tolist())
        labels += f"<label><name>{escape(name)}</name><color>{colour}</color></label>"
    info = clip.info
    numbers = clip.number(0), clip.number(info.frame_count - 1)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f"  <meta><task><name>{escape(info.path.name)}</name><size>{info.frame_count}</size>"
        f"<mode>{mode}</mode><overlap>0</overlap>"
        f"<start_frame>{numbers[0]}</start_frame><stop_frame>{numbers[1]}</stop_frame>"
        f"<labels>{labels}</labels><original_size><width>{info.width}</width>"
        f"<height>{info.height}</height></original_size></task></meta>\n"
    )


def _shape(mask: NDArray[np.bool_]) -> str:
    lengths, (left, top, width, height) = cvat_run_lengths(mask)
    return (
        f'occluded="0" rle="{", ".join(map(str, lengths))}" left="{left}" top="{top}" '
        f'width="{width}" height="{height}" z_order="0"'
    )


def _key_frame(number: int, shape: str, *, is_outside: bool) -> str:
    return f'    <mask frame="{number}" keyframe="1" outside="{int(is_outside)}" {shape}></mask>'
