"""Videos and masks as multipart forms, read from disk while they are sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import IO, Any

File = str | os.PathLike[str] | bytes
"""A path, or the content itself."""
OnUpload = Callable[[int, int], None]
"""Told of bytes sent and bytes in all of the video."""


@dataclass(frozen=True)
class Mask:
    """The mask of one frame."""

    image: File
    """PNG with an object id per pixel (0: background), or black and white, as large as the video is
    displayed."""
    frame: int = 0
    objects: Sequence[int] | None = None
    """Ids that the mask speaks for: one that is named here and not in the mask is known not to be
    in this frame. None: those in the mask."""


@contextmanager
def segmentation_form(
    video: File | None, masks: Sequence[Mask], on_upload: OnUpload | None = None
) -> Iterator[list[tuple[str, Any]]]:
    """The `files` of a multipart request; read again from the start each time they are sent.

    Raises:
        OSError: a file cannot be opened.
    """
    with ExitStack() as stack:
        fields: list[tuple[str, Any]] = []
        for mask in masks:
            name, image = _opened(stack, mask.image)
            fields += [("mask", (name, image, "image/png")), ("frame", (None, str(mask.frame)))]
        if any(mask.objects is not None for mask in masks):
            # The i-th belongs to the i-th mask; "" stands for those in the mask.
            fields += [("objects", (None, _listed(mask.objects))) for mask in masks]
        if video is not None:
            name, film = _opened(stack, video)
            body = film if on_upload is None else _Counted(film, on_upload)
            fields.append(("video", (name, body, "application/octet-stream")))
        yield fields


def _listed(objects: Sequence[int] | None) -> str:
    return "" if objects is None else ",".join(map(str, objects))


def _opened(stack: ExitStack, file: File) -> tuple[str, IO[bytes]]:
    if isinstance(file, bytes):
        return "file", BytesIO(file)
    return Path(file).name, stack.enter_context(Path(file).open("rb"))


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], on_upload: OnUpload) -> None:
        self._file, self._on_upload = file, on_upload
        self._size = file.seek(0, SEEK_END)
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._on_upload(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
