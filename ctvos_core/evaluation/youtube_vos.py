"""The YouTube-VOS layout: `meta.json`, `JPEGImages/<video>/`, `Annotations/<video>/`.

Objects may appear late: each one's first mask is at the first frame `meta.json` lists for it.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.evaluation.layouts import (
    image_size,
    list_frames,
    read_annotation,
    require_folder,
    require_known,
)
from ctvos_core.results import LabelMap
from ctvos_core.video.frame_files import natural_key

GREATEST_ID = 254
META = "meta.json"


@dataclass(frozen=True)
class YoutubeVosObject:
    """One object of a video, as `meta.json` lists it."""

    object_id: int
    stems: tuple[str, ...]
    """The annotated frames it is listed for, in order; the first holds its first mask."""
    category: str | None
    seen: bool
    """Whether its category is one of the seen ones; True for all when no split is known."""


@dataclass(frozen=True)
class YoutubeVosSequence:
    """One video: `T` frames and its objects, which need not start at the first frame."""

    name: str
    frame_paths: tuple[Path, ...]
    objects: tuple[YoutubeVosObject, ...]
    annotations_dir: Path

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """File names of the frames without suffix."""
        return tuple(path.stem for path in self.frame_paths)

    @cached_property
    def size(self) -> tuple[int, int]:
        """`(H, W)` of the frames."""
        return image_size(self.frame_paths[0])

    @cached_property
    def listed_stems(self) -> tuple[str, ...]:
        """The frames any object is listed for, in order: those a submission holds."""
        return tuple(
            sorted({stem for listed in self.objects for stem in listed.stems}, key=natural_key)
        )

    @property
    def masks(self) -> dict[int, LabelMap]:
        """First masks by frame index: `(H, W)` uint8 with just the objects that start there.

        Read from disk at each use, so that a dataset does not hold its masks in memory. Raises
        `InputError` when a first mask's file is missing or lacks the object.
        """
        masks: dict[int, LabelMap] = {}
        for starting in self.objects:
            path = self.annotation_path(starting.stems[0])
            labels = read_annotation(path, self.size)
            pixels = labels == starting.object_id
            if not pixels.any():
                raise InputError(
                    "annotation_lacks_object",
                    f"{path}: expected object {starting.object_id}, which {META} says starts here, "
                    f"got ids {np.unique(labels[labels > 0]).tolist()}",
                )
            start = masks.setdefault(self.stems.index(starting.stems[0]), np.zeros_like(labels))
            start[pixels] = starting.object_id
        return masks

    @cached_property
    def is_annotated(self) -> bool:
        """Whether there is truth to score: an annotation at a frame where no object starts.

        The public validation set has none: its annotations are first masks. Such a file need not
        hold the objects that started before, so it says nothing about them.
        """
        starts = {listed.stems[0] for listed in self.objects}
        return any(
            self.annotation_path(stem).is_file() for stem in self.listed_stems if stem not in starts
        )

    def annotation_path(self, stem: str) -> Path:
        """Where the annotation of a frame is, if there is one."""
        return self.annotations_dir / f"{stem}.png"


class YoutubeVosDataset:
    """The videos of a folder in YouTube-VOS layout, by name or as asked for.

    Which categories are unseen (by supervised training on the training set) is not in the published
    files: give them as `unseen_categories`, or as a list under that key at the top of `meta.json`.
    Names are compared with `meta.json`'s `category` of each object. Without either, every object
    counts as seen, and `unseen_categories` is None. Raises `InputError` for missing folders or
    frames, a `meta.json` that does not have the published form, and unknown videos.
    """

    def __init__(
        self,
        root: Path | str,
        sequences: Sequence[str] | None = None,
        unseen_categories: Collection[str] | None = None,
    ) -> None:
        self.root = Path(root)
        require_folder(self.root, "a dataset in YouTube-VOS layout")
        require_folder(self.root / "JPEGImages", "a folder of frames per video")
        require_folder(self.root / "Annotations", "a folder of annotations per video")
        meta_path = self.root / META
        meta = _read_meta(meta_path)
        if unseen_categories is None:
            unseen_categories = _category_list(meta.get("unseen_categories"), meta_path)
        self.unseen_categories = None if unseen_categories is None else frozenset(unseen_categories)
        """The unseen categories, or None if no split is known."""
        videos = _mapping(meta.get("videos"), f"{meta_path}: videos")
        names = tuple(sorted(videos)) if sequences is None else tuple(dict.fromkeys(sequences))
        require_known(names, sorted(videos), meta_path)
        if not names:
            raise InputError("dataset_empty", f"{meta_path}: expected videos, found none")
        self.sequences = tuple(self._open(name, videos[name]) for name in names)

    @property
    def name(self) -> str:
        """Name of the root folder."""
        return self.root.resolve().name

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[YoutubeVosSequence]:
        return iter(self.sequences)

    def _open(self, name: str, video: object) -> YoutubeVosSequence:
        where = f"{self.root / META}: video {name}"
        listed = _mapping(_mapping(video, where).get("objects"), f"{where}, objects")
        if not listed:
            raise InputError("meta_invalid", f"{where}: expected at least one object, found none")
        objects = tuple(
            self._object(int(key), entry, where) if _is_object_id(key) else _refuse_id(key, where)
            for key, entry in listed.items()
        )
        frames = list_frames(self.root / "JPEGImages" / name)
        sequence = YoutubeVosSequence(
            name,
            frames,
            tuple(sorted(objects, key=lambda listed: listed.object_id)),
            self.root / "Annotations" / name,
        )
        absent = sorted(set(sequence.listed_stems) - set(sequence.stems))
        if absent:
            raise InputError(
                "frame_missing",
                f"{self.root / 'JPEGImages' / name}: expected frame {absent[0]}, "
                f"which {META} lists, found no such file",
            )
        return sequence

    def _object(self, object_id: int, entry: object, where: str) -> YoutubeVosObject:
        fields = _mapping(entry, f"{where}, object {object_id}")
        stems = fields.get("frames")
        if not isinstance(stems, list) or not stems or not all(isinstance(s, str) for s in stems):
            raise InputError(
                "meta_invalid",
                f"{where}, object {object_id}: expected a list of frame names under 'frames', "
                f"got {stems!r}",
            )
        category = fields.get("category")
        if self.unseen_categories is not None and not isinstance(category, str):
            raise InputError(
                "category_missing",
                f"{where}, object {object_id}: expected a 'category' to tell seen from unseen, "
                f"got {category!r}",
            )
        seen = self.unseen_categories is None or category not in self.unseen_categories
        return YoutubeVosObject(object_id, tuple(sorted(stems, key=natural_key)), category, seen)


def _read_meta(path: Path) -> Mapping[str, Any]:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("meta_unreadable", f"{path}: expected JSON, {error}") from error
    return _mapping(meta, str(path))


def _category_list(value: object, path: Path) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InputError(
            "meta_invalid",
            f"{path}: expected a list of names under 'unseen_categories', got {value!r}",
        )
    return value


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(
            "meta_invalid", f"{where}: expected a JSON object, got {type(value).__name__}"
        )
    return value


def _is_object_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and 1 <= int(key) <= GREATEST_ID


def _refuse_id(key: str, where: str) -> YoutubeVosObject:
    raise InputError(
        "meta_invalid", f"{where}: expected object ids 1 to {GREATEST_ID}, got {key!r}"
    )
