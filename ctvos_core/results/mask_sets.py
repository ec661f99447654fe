"""Masks of one video read together: the same colour, or the same file name, is the same object."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.results.mask_reader import Reading, read_mask_image, with_shared_colours
from ctvos_core.results.masks import LabelMap
from ctvos_core.video.frame_files import is_passed_over, natural_key

_MOST_OBJECTS = 255
_LEAST_VISIBLE = 0.5
"""Of an object at least this share must not be covered by those of later files."""


@dataclass(frozen=True, eq=False)
class GivenMask:
    """The mask of one frame.

    Attributes:
        path: the image, or the folder with an image for each object.
        labels: uint8 H x W, object ids.
        told: how it was read, one line that begins with the path.
        reading: what its ids were taken from; None for a folder.
        names: of its objects, by id, where the names of files give them.
    """

    path: Path
    labels: LabelMap
    told: str
    reading: Reading | None = None
    names: dict[int, str] = field(default_factory=dict)


def read_given_masks(
    paths: Sequence[Path], size: tuple[int, int], objects: Sequence[Sequence[int] | None]
) -> list[GivenMask]:
    """Read masks, each of a frame of its own.

    A folder holds one PNG for each object, of which the file's name is the name: `dog.png`,
    `cat.png`. Objects are numbered in the order of the names, of all folders together; files that
    are called by numbers from 1 to 255 have those for ids.

    Args:
        paths: images or folders.
        size: (width, height) of the video.
        objects: the ids that each mask speaks for; one that speaks for any may be empty.

    Raises:
        InputError: as `read_mask_image`, or with code `masks_missing` (a folder without PNGs),
            `mask_objects_overlap` (one file's object covers most of another's), `too_many_objects`.
    """
    images = [place for place, path in enumerate(paths) if not path.is_dir()]
    readings = with_shared_colours(
        [read_mask_image(paths[i], size, allow_empty=bool(objects[i])) for i in images]
    )
    given = {
        i: GivenMask(paths[i], found.labels, f"{paths[i]}: {found.told()}", found.reading)
        for i, found in zip(images, readings, strict=True)
    }
    folders = {place: _object_files(path) for place, path in enumerate(paths) if path.is_dir()}
    ids = _ids_of({file.stem for files in folders.values() for file in files})
    for place, files in folders.items():
        given[place] = _joined(paths[place], files, ids, size)
    return [given[place] for place in range(len(paths))]


def _object_files(folder: Path) -> list[Path]:
    files = sorted(
        (
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".png" and path.is_file() and not is_passed_over(path.name)
        ),
        key=lambda path: natural_key(path.name),
    )
    if not files:
        raise InputError(
            "masks_missing", f"{folder}: expected a PNG for each object, got a folder without any"
        )
    return files


def _ids_of(names: set[str]) -> dict[str, int]:
    if len(names) > _MOST_OBJECTS:
        raise InputError(
            "too_many_objects",
            f"masks: expected at most {_MOST_OBJECTS} objects, got {len(names)} files",
        )
    if all(_is_id(name) for name in names) and len({int(name) for name in names}) == len(names):
        return {name: int(name) for name in names}
    return {name: i for i, name in enumerate(sorted(names, key=natural_key), 1)}


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and 1 <= int(name[:9]) <= _MOST_OBJECTS


def _joined(
    folder: Path, files: Sequence[Path], ids: dict[str, int], size: tuple[int, int]
) -> GivenMask:
    labels = np.zeros((size[1], size[0]), np.uint8)
    areas = {}
    for file in files:
        on = read_mask_image(file, size).labels > 0
        labels[on] = ids[file.stem]
        areas[file] = int(on.sum())
    for file, area in areas.items():
        if (labels == ids[file.stem]).sum() < _LEAST_VISIBLE * area:
            raise InputError(
                "mask_objects_overlap",
                f"{file}: expected an object beside the others of its folder, got one that they "
                "cover",
            )
    names = {ids[file.stem]: file.stem for file in files if not _is_id(file.stem)}
    shown = ", ".join(f"{ids[file.stem]} = {file.stem}" for file in files[:6])
    shown += ", ..." if len(files) > 6 else ""
    count = "1 object" if len(files) == 1 else f"{len(files)} objects"
    return GivenMask(
        folder, labels, f"{folder}: one file for each of {count} ({shown})", None, names
    )
