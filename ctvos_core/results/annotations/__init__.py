"""Masks out of annotation files: COCO JSON, CVAT XML, LabelMe JSON."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from ctvos_core.errors import InputError
from ctvos_core.results.annotations.coco import coco_shapes
from ctvos_core.results.annotations.cvat import cvat_shapes
from ctvos_core.results.annotations.labelme import labelme_shapes
from ctvos_core.results.annotations.shapes import Annotations, Shape, painted
from ctvos_core.video.info import VideoInfo

__all__ = ["Annotations", "is_annotation_file", "read_annotations"]

_EXPECTED = "expected COCO JSON, LabelMe JSON or CVAT XML with polygons or masks"


def is_annotation_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is, by its name, one of annotations rather than an image."""
    return Path(path).suffix.lower() in (".json", ".xml")


def read_annotations(
    paths: Sequence[str | os.PathLike[str]], info: VideoInfo, at: Sequence[int] = ()
) -> Annotations:
    """The masks that files of annotations have for frames of a video.

    Args:
        paths: of the files; objects of the same number or name in several are the same.
        info: of the video.
        at: for each file the frame to take, which a file with a single picture is of whatever its
            name; left out: all that there are, by the pictures' names or numbers.

    Raises:
        InputError: `file_not_found`, `annotation_unreadable`, `annotation_ids_missing`; as
            `painted` does.
    """
    wanted: Sequence[int | None] = at or [None] * len(paths)
    files = [(Path(path), _shapes(Path(path))) for path in paths]
    try:
        return painted([(*file, frame) for file, frame in zip(files, wanted, strict=True)], info)
    except InputError:
        raise
    except Exception as error:  # files of others may be wrong in any way
        raise _unreadable(files[0][0], error) from error


def _shapes(path: Path) -> list[Shape]:
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file_not_found", f"{path}: mask cannot be opened: {reason}") from error
    try:
        if path.suffix.lower() == ".xml":
            return list(cvat_shapes(path, ElementTree.fromstring(data)))
        document = json.loads(data)
        shapes = labelme_shapes if "shapes" in document else coco_shapes
        return list(shapes(path, document))
    except InputError:
        raise
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        "annotation_unreadable",
        f"{path}: {_EXPECTED}, got one that is not: {type(error).__name__}: {error}",
    )
