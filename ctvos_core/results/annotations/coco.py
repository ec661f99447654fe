"""Polygons and run lengths of COCO files."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_mask

from ctvos_core.errors import InputError
from ctvos_core.results.annotations.shapes import Picture, Shape, name_of, polygons_mask


def coco_shapes(path: Path, document: dict[str, Any]) -> Iterator[Shape]:
    """The shapes of a COCO document.

    Objects are told apart by `track_id`, also among `attributes`. Without it they are by category
    where no image has two of one, and each annotation is one where the file has a single image.

    Raises:
        InputError: `annotation_ids_missing`.
    """
    names = {entry["id"]: entry["name"] for entry in document.get("categories", [])}
    pictures = {
        entry["id"]: Picture(
            entry["file_name"], entry.get("frame_index"), (entry["width"], entry["height"])
        )
        for entry in document["images"]
    }
    shown = [entry for entry in document["annotations"] if entry.get("segmentation")]
    numbers = _numbers(path, shown)
    for entry, number in zip(shown, numbers, strict=True):
        yield Shape(
            pictures[entry["image_id"]],
            name_of(names, entry["category_id"]),
            number,
            partial(_mask, entry["segmentation"]),
        )


def _numbers(path: Path, shown: list[dict[str, Any]]) -> list[int | None]:
    tracks = [e.get("track_id", e.get("attributes", {}).get("track_id")) for e in shown]
    if all(track is not None for track in tracks):
        return [int(track) for track in tracks]
    if max(Counter((e["image_id"], e["category_id"]) for e in shown).values()) == 1:
        return [None] * len(shown)
    if len({e["image_id"] for e in shown}) == 1:
        return list(range(1, len(shown) + 1))
    raise InputError(
        "annotation_ids_missing",
        f"{path}: expected a track_id for every annotation, since several images have several of "
        "one category, got some without",
    )


def _mask(given: Any, height: int, width: int) -> Any:
    if isinstance(given, list):
        return polygons_mask(given, height, width)
    if isinstance(given["counts"], list):
        given = coco_mask.frPyObjects(given, height, width)
    return coco_mask.decode(given).astype(bool)
