"""YouTube-VIS: one JSON with run lengths of every object over time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pycocotools import mask as coco_mask

from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame, Spool, spooling
from ctvos_core.results.rle import encode_rle


@contextmanager
def youtube_vis(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`annotations.json`: ids of annotations are object ids, categories are names, from 1.

    Where an object is not to be seen, its run lengths, box and area are null. `score` is the mean
    confidence over the frames that have one.
    """
    scores: dict[int, list[float]] = {i: [] for i in clip.names}
    with spooling(folder, clip) as spool:

        def add(frame: ExportFrame) -> None:
            shown = dict(frame.objects(clip))
            for object_id in clip.names:
                rle = encode_rle(shown[object_id]) if object_id in shown else None
                spool.add(object_id, json.dumps(rle))
                if object_id in frame.scores and rle:
                    scores[object_id].append(frame.scores[object_id])

        yield add
        with (folder / "annotations.json").open("w", encoding="utf-8") as file:
            file.write(f'{{"info": {json.dumps({"description": clip.info.path.name})},\n')
            file.write(f'"videos": [{json.dumps(_video(clip))}],\n')
            categories = [{"id": i, "name": name} for i, name in enumerate(clip.labels, 1)]
            file.write(f'"categories": {json.dumps(categories)},\n"annotations": [')
            for place, object_id in enumerate(clip.names):
                file.write(",\n" if place else "\n")
                _write_annotation(file, object_id, clip, spool, scores[object_id])
            file.write("\n]}\n")


def _video(clip: ExportClip) -> dict[str, Any]:
    info = clip.info
    return {
        "id": 1,
        "width": info.width,
        "height": info.height,
        "length": info.frame_count,
        "file_names": [clip.image_name(index) for index in range(info.frame_count)],
    }


def _write_annotation(
    file: TextIO, object_id: int, clip: ExportClip, spool: Spool, scores: list[float]
) -> None:
    head = {
        "id": object_id,
        "video_id": 1,
        "category_id": clip.class_of(object_id) + 1,
        "iscrowd": 0,
        "width": clip.info.width,
        "height": clip.info.height,
    } | ({"score": sum(scores) / len(scores)} if scores else {})
    file.write(json.dumps(head)[:-1])
    columns = {
        "segmentations": lambda rle: rle,
        "bboxes": lambda rle: rle and coco_mask.toBbox(rle).tolist(),
        "areas": lambda rle: rle and int(coco_mask.area(rle)),
    }
    for name, column in columns.items():
        file.write(f', "{name}": [')
        for place, line in enumerate(spool.lines(object_id)):
            file.write((", " if place else "") + json.dumps(column(json.loads(line))))
        file.write("]")
    file.write("}")
