"""COCO run-length masks, and a COCO file of a whole video written as its frames come."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from ctvos_core.errors import InputError
from ctvos_core.results.masks import LabelMap
from ctvos_core.video.info import VideoInfo
from ctvos_core.video.outputs import replacing, writing


class Rle(TypedDict):
    """Compressed COCO run lengths, column by column: `size` is [height, width]."""

    size: list[int]
    counts: str


def encode_rle(mask: NDArray[np.bool_]) -> Rle:
    """Encode one object's mask, bool H x W.

    Example:
        >>> encode_rle(np.eye(2, dtype=bool))["size"]
        [2, 2]
    """
    encoded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    height, width = encoded["size"]
    return {"size": [int(height), int(width)], "counts": encoded["counts"].decode("ascii")}


def decode_rle(rle: Rle) -> NDArray[np.bool_]:
    """The mask that was encoded, bool H x W.

    Example:
        >>> decode_rle(encode_rle(np.eye(2, dtype=bool))).tolist()
        [[True, False], [False, True]]
    """
    decoded: NDArray[np.uint8] = coco_mask.decode(rle)
    return decoded.astype(bool)


class CocoWriter:
    """Writes the COCO file of a video, frame by frame, holding no frame in memory.

    Images have `id` (frame index + 1), `file_name`, `width`, `height`, `frame_index` and
    `time_seconds`; annotations have `category_id` and `track_id` equal to the object id, and
    `score` if one was given; there is one category per object id, with the object's name. The
    file appears at `close`; used as a context manager, an exception leaves nothing behind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        info: VideoInfo,
        names: Mapping[int, str] | None = None,
    ) -> None:
        self._info = info
        self._names = names or {}
        self._path = Path(path)
        self._object_ids: set[int] = set()
        self._image_count = self._annotation_count = 0
        with ExitStack() as stack:
            temporary = stack.enter_context(replacing(path))
            # Both lists grow frame by frame, but one must stand after the other.
            spool_path = temporary.with_name(temporary.name + ".annotations")
            stack.callback(spool_path.unlink, missing_ok=True)
            self._file = stack.enter_context(temporary.open("w", encoding="utf-8"))
            self._spool = stack.enter_context(spool_path.open("w+", encoding="utf-8"))
            header = {"description": info.path.name, "frame_rate": float(info.frame_rate)}
            self._file.write(f'{{"info": {json.dumps(header)},\n"images": [')
            self._stack = stack.pop_all()

    def add(self, index: int, labels: LabelMap, scores: Mapping[int, float] | None = None) -> None:
        """Add one frame.

        Args:
            index: 0..T-1, each at most once, in any order.
            labels: uint8 H x W object ids of that frame.
            scores: by object id, optional.
        """
        info = self._info
        if labels.shape != (info.height, info.width):
            raise ValueError(f"expected labels {info.height} x {info.width}, got {labels.shape}")
        frame_file = info.frame_files[index].name if info.is_folder else f"{info.stems[index]}.jpg"
        image = {
            "id": index + 1,
            "file_name": frame_file,
            "width": info.width,
            "height": info.height,
            "frame_index": self._info.source_index(index),
            "time_seconds": float(info.times[index]),
        }
        present = np.flatnonzero(np.bincount(labels.ravel()))
        with writing(self._path):
            self._file.write(",\n" if self._image_count else "\n")
            self._file.write(json.dumps(image))
            for object_id in present[present > 0].tolist():
                self._add_annotation(index, object_id, labels == object_id, scores or {})
        self._image_count += 1

    def _add_annotation(
        self, index: int, object_id: int, mask: NDArray[np.bool_], scores: Mapping[int, float]
    ) -> None:
        rle = encode_rle(mask)
        self._object_ids.add(object_id)
        annotation: dict[str, Any] = {
            "id": self._annotation_count + 1,
            "image_id": index + 1,
            "category_id": object_id,
            "track_id": object_id,
            "iscrowd": 0,
            "segmentation": rle,
            "area": int(coco_mask.area(rle)),
            "bbox": coco_mask.toBbox(rle).tolist(),
        }
        if object_id in scores:
            annotation["score"] = float(scores[object_id])
        self._spool.write(",\n" if self._annotation_count else "\n")
        self._spool.write(json.dumps(annotation))
        self._annotation_count += 1

    def close(self) -> None:
        """Finish the file and give it its name."""
        categories = [
            {"id": i, "name": self._names.get(i, f"object {i}")}
            for i in sorted(self._object_ids.union(self._names))
        ]
        with self._stack:
            self._file.write('\n],\n"annotations": [')
            self._spool.seek(0)
            shutil.copyfileobj(self._spool, self._file)
            self._file.write(f'\n],\n"categories": {json.dumps(categories)}}}\n')

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            with suppress(InputError):  # the caller's own error is the one to be seen
                self._stack.__exit__(kind, error, traceback)
