"""The shape that all exports have in common."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ctvos_core.results.masks import LabelMap
from ctvos_core.video.decode import Frame
from ctvos_core.video.info import VideoInfo

_JPEG_QUALITY = 95


@dataclass(frozen=True)
class ExportOptions:
    """What some formats leave open."""

    premultiplied: bool = False
    """Mattes: colours are multiplied by alpha; else they are the picture's own (straight)."""


@dataclass(frozen=True, eq=False)
class ExportClip:
    """What an export begins with.

    Attributes:
        info: of the video; its stems name the files made from frames.
        names: the label of each of the K objects by id, ids ascending from 1 to 255.
        options: see `ExportOptions`.
    """

    info: VideoInfo
    names: Mapping[int, str]
    options: ExportOptions = field(default_factory=ExportOptions)

    @property
    def labels(self) -> tuple[str, ...]:
        """The different names, in the order of the first id of each: the classes."""
        return tuple(dict.fromkeys(self.names.values()))

    def class_of(self, object_id: int) -> int:
        """The place of an object's name in `labels`, from 0."""
        return self.labels.index(self.names[object_id])

    def image_name(self, index: int) -> str:
        """The file name of a frame: its own in a folder of frames, else `<stem>.jpg`."""
        info = self.info
        return info.frame_files[index].name if info.is_folder else f"{info.stems[index]}.jpg"

    def number(self, index: int) -> int:
        """The number of a frame in the source, from 0."""
        return self.info.source_index(index)

    def write_image(self, folder: Path, frame: Frame) -> None:
        """Put a frame's picture into a folder: the file itself where there is one, else a JPEG."""
        path = folder / self.image_name(frame.index)
        if self.info.is_folder:
            shutil.copyfile(self.info.frame_files[frame.index], path)
            return
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        path.write_bytes(cv2.imencode(".jpg", bgr, quality)[1].tobytes())


@dataclass(frozen=True, eq=False)
class ExportFrame:
    """One frame with what was found in it.

    Attributes:
        frame: index, picture, time.
        labels: uint8 H x W, object ids.
        scores: confidence in [0, 1] by object id; may be empty.
    """

    frame: Frame
    labels: LabelMap
    scores: Mapping[int, float]

    def objects(self, clip: ExportClip) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """The objects that the frame shows, ascending: id and mask, bool H x W."""
        present = np.bincount(self.labels.ravel(), minlength=256)
        for object_id in clip.names:
            if present[object_id]:
                yield object_id, self.labels == object_id


AddFrame = Callable[[ExportFrame], None]
"""Takes every frame of the video, once, in the order of time."""

Exporter = Callable[[Path, ExportClip], AbstractContextManager[AddFrame]]
"""A format: given an empty folder and what the export begins with, a context that gives a function
to add frames with. Files are complete when the context ends without an exception."""


class JsonList:
    """A JSON list written item by item."""

    def __init__(self, path: Path, before: str = "[", after: str = "]\n") -> None:
        self._file = path.open("w", encoding="utf-8")
        self._file.write(before)
        self._after = after
        self._is_empty = True

    def add(self, item: Any) -> None:
        """Append an item."""
        self._file.write(("\n" if self._is_empty else ",\n") + json.dumps(item))
        self._is_empty = False

    def __enter__(self) -> "JsonList":
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.write("\n" + self._after)


class Spool:
    """Lines kept on disk for each object until the video has ended, since many formats want all
    that belongs to an object in one place. Memory does not grow with the video.
    """

    def __init__(self, folder: Path, ids: Mapping[int, str]) -> None:
        self._paths = {i: folder / f".{i}.lines" for i in ids}
        for path in self._paths.values():
            path.touch()

    def add(self, object_id: int, line: str) -> None:
        """Append a line."""
        with self._paths[object_id].open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def lines(self, object_id: int) -> Iterator[str]:
        """The lines of an object in the order in which they came, without line ends."""
        with self._paths[object_id].open(encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n")


@contextmanager
def spooling(folder: Path, clip: ExportClip) -> Iterator[Spool]:
    """A spool for the objects of a clip that leaves nothing behind."""
    spool = Spool(folder, clip.names)
    try:
        yield spool
    finally:
        for object_id in clip.names:
            (folder / f".{object_id}.lines").unlink(missing_ok=True)
