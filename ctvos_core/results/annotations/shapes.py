"""What annotation files have in common: shapes on frames, painted into label maps."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from ctvos_core.errors import InputError
from ctvos_core.results.masks import LabelMap
from ctvos_core.video.info import VideoInfo

_MOST_OBJECTS = 255


@dataclass(frozen=True, eq=False)
class Picture:
    """The image or frame that a shape is on, as its file tells it."""

    name: str
    number: int | None = None
    size: tuple[int, int] | None = None
    """Width, height."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A part of an object, or all of it, on one picture."""

    picture: Picture
    name: str
    number: int | None
    """What tells its object from others of that name, if the file has such."""
    paint: Callable[[int, int], NDArray[np.bool_]]
    """Height and width to mask, bool H x W."""


@dataclass(frozen=True, eq=False)
class Annotations:
    """Masks that a file of annotations has for a video."""

    masks: dict[int, LabelMap]
    """By frame of the video, ascending."""
    names: dict[int, str]
    """By object id."""


def painted(
    files: Iterable[tuple[Path, Sequence[Shape], int | None]], info: VideoInfo
) -> Annotations:
    """Paint shapes in their order, later ones over earlier ones.

    Objects are told apart by their numbers, which become ids where all are 1 to 255, and else by
    their names; then ids count from 1.

    Args:
        files: path, shapes, and the frame that is wanted, which a single picture is of whatever its
            name; None: all, each of the frame that its name or number tells.
        info: of the video.

    Raises:
        InputError: `annotation_empty`, `annotation_of_another_video`, `mask_size_mismatch`,
            `annotation_too_many_objects`.
    """
    placed: list[tuple[int, Shape]] = []
    ids: dict[int | str, int] = {}
    for path, shapes, wanted in files:
        found = list(_placed(path, shapes, wanted, info))
        if not found:
            where = "" if wanted is None else f" for frame {wanted}"
            raise InputError(
                "annotation_empty", f"{path}: expected polygons or masks{where}, found none"
            )
        placed += found
        ids = _object_ids(path, [shape for _, shape in placed])
    masks: dict[int, LabelMap] = {}
    for frame, shape in placed:
        labels = masks.setdefault(frame, np.zeros((info.height, info.width), np.uint8))
        labels[shape.paint(info.height, info.width)] = ids[_key(shape)]
    names = {ids[_key(shape)]: shape.name for _, shape in placed}
    return Annotations(dict(sorted(masks.items())), dict(sorted(names.items())))


def _placed(
    path: Path, shapes: Sequence[Shape], wanted: int | None, info: VideoInfo
) -> Iterator[tuple[int, Shape]]:
    pictures = {id(shape.picture): shape.picture for shape in shapes}
    frames: dict[int, int] = {}
    for key, picture in pictures.items():
        _require_size(path, picture, info)
        if wanted is not None and len(pictures) == 1:
            frames[key] = wanted
        else:
            frames[key] = _frame_of(path, picture, info)
    for shape in shapes:
        frame = frames[id(shape.picture)]
        if wanted is None or frame == wanted:
            yield frame, shape


def _key(shape: Shape) -> int | str:
    return shape.name if shape.number is None else shape.number


def _object_ids(path: Path, shapes: Sequence[Shape]) -> dict[int | str, int]:
    keys = list(dict.fromkeys(map(_key, shapes)))
    if len(keys) > _MOST_OBJECTS:
        raise InputError(
            "annotation_too_many_objects",
            f"{path}: expected at most {_MOST_OBJECTS} objects, got {len(keys)}",
        )
    if all(isinstance(key, int) and 1 <= key <= _MOST_OBJECTS for key in keys):
        return {key: int(key) for key in keys}
    return {key: place for place, key in enumerate(keys, 1)}


def _require_size(path: Path, picture: Picture, info: VideoInfo) -> None:
    if picture.size is not None and picture.size != info.size:
        raise InputError(
            "mask_size_mismatch",
            f"{path}: expected pictures as large as the video is displayed, "
            f"{info.width}x{info.height}, got {picture.name} of "
            f"{picture.size[0]}x{picture.size[1]}",
        )


def _frame_of(path: Path, picture: Picture, info: VideoInfo) -> int:
    stem = Path(picture.name.replace("\\", "/")).stem
    if stem in info.stems:
        return info.stems.index(stem)
    number = picture.number
    if number is None and not info.is_folder and (digits := re.search(r"\d+$", stem)):
        number = int(digits[0])  # frames of a video file are mostly named by their numbers
    if number is None or info.is_folder or not 0 <= number < info.frame_count:
        raise InputError(
            "annotation_of_another_video",
            f"{path}: expected pictures named or numbered as frames of {info.path}, "
            f"{info.stems[0]} to {info.stems[-1]}, got {picture.name}",
        )
    return number


def polygons_mask(polygons: Sequence[Sequence[float]], height: int, width: int) -> Any:
    """The union of polygons x0, y0, x1, y1, ... as COCO fills them, bool H x W."""
    runs = coco_mask.frPyObjects([list(map(float, p)) for p in polygons], height, width)
    return coco_mask.decode(coco_mask.merge(runs)).astype(bool)


def name_of(names: Mapping[Any, str], key: Any) -> str:
    """A name, or one made from the key where the file has none."""
    return names.get(key) or f"object {key}"
