"""The artifact store: a local folder, or S3 where workers are on other hosts."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from fsspec.core import url_to_fs

from ctvos_core.errors import InputError

_CHUNK = 1 << 20
_S3_BLOCK = 8 << 20  # smallest part of an upload and unit of reading: what a stream holds in memory


class ArtifactStore:
    """Files by key, such as `jobs/<id>/1/masks/00000.png`.

    A file appears whole or not at all: a reader never sees half of one. Absent files raise
    FileNotFoundError, keys that point elsewhere InputError (`key_refused`). Threads may share it.

    Args:
        url: a folder (created if need be) or `s3://bucket/prefix`.
        options: of the fsspec file system, such as `{"endpoint_url": ..., "key": ...}`.
    """

    def __init__(self, url: str | Path, options: dict[str, Any] | None = None) -> None:
        options = dict(options or {})
        if str(url).startswith("s3://"):
            # Other processes write too, so what a listing once said is not to be trusted.
            options = {"use_listings_cache": False, "default_block_size": _S3_BLOCK, **options}
        self._fs, root = url_to_fs(str(url), **options)
        self._root: str = root.rstrip("/")
        self._folder = Path(self._root) if self._fs.protocol[0] in ("file", "local") else None
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def open_write(self, key: str) -> Iterator[BinaryIO]:
        """A file to write: it replaces the key at the end, and vanishes on an exception."""
        if self._folder is None:
            file = self._fs.open(self._path(key), "wb", autocommit=False)
            try:
                yield cast(BinaryIO, file)
                file.close()
            except BaseException:
                file.discard()
                raise
            file.commit()
            return
        final = self._folder / _checked(key)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as local:
                yield local
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)

    def put_file(self, local: Path, key: str) -> None:
        """Copy a local file into the store."""
        with local.open("rb") as source, self.open_write(key) as target:
            shutil.copyfileobj(source, target, _CHUNK)

    def get_file(self, key: str, local: Path) -> None:
        """Copy to a local file; its folder is created."""
        local.parent.mkdir(parents=True, exist_ok=True)
        with self.open_read(key) as source, local.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)

    def open_read(self, key: str, offset: int = 0, length: int | None = None) -> BinaryIO:
        """A file to read, from byte `offset`, at most `length` bytes."""
        file = cast(BinaryIO, self._fs.open(self._path(key), "rb"))
        file.seek(offset)
        if length is None:
            return file
        return cast(BinaryIO, io.BufferedReader(_Section(file, length)))

    def iter(
        self, key: str, start: int = 0, end: int | None = None, chunk: int = _CHUNK
    ) -> Iterator[bytes]:
        """The bytes from `start` to before `end` (None: to the last), `chunk` at a time."""
        with self.open_read(key, start, None if end is None else end - start) as file:
            while data := file.read(chunk):
                yield data

    def size(self, key: str) -> int | None:
        """Bytes; None: there is no such file."""
        try:
            info = self._fs.info(self._path(key))
        except FileNotFoundError:
            return None
        return int(info["size"]) if info["type"] == "file" else None

    def last_write(self, prefix: str) -> datetime:
        """When anything under a folder was last written, also what is still being written."""
        path = self._path(prefix)
        paths = self._fs.find(path) or [path]
        return max(cast(datetime, self._fs.modified(p)).astimezone(UTC) for p in paths)

    def children(self, prefix: str) -> list[str]:
        """Names of what lies directly in a folder, sorted; empty if there is none."""
        try:
            paths = self._fs.ls(self._path(prefix), detail=False)
        except FileNotFoundError:
            return []
        return sorted(p.rstrip("/").rpartition("/")[2] for p in paths)

    def delete(self, prefix: str) -> None:
        """Delete a file, or a folder and all in it; absent is fine."""
        path = self._path(prefix)
        if self._folder is not None:
            target = Path(path)
            if target.is_dir():
                shutil.rmtree(target, ignore_errors=True)
            else:
                target.unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError):
            self._fs.rm(path, recursive=True)

    def local_path(self, key: str) -> Path | None:
        """Where a key lies on this machine, whether it exists or not; None: not a folder store."""
        return None if self._folder is None else self._folder / _checked(key)

    def list(self, prefix: str) -> list[str]:
        """Keys of all files under a folder, sorted; empty if there is none."""
        start = len(self._root) + 1
        paths = self._fs.find(self._path(prefix))
        return sorted(p[start:] for p in paths if not _is_temporary(p))

    def _path(self, key: str) -> str:
        return f"{self._root}/{_checked(key)}"


class _Section(io.RawIOBase):
    """The next `length` bytes of a file, which it closes."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = max(0, length)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _checked(key: str) -> str:
    parts = key.split("/")
    odd = any(part in ("", ".", "..") for part in parts) or "\\" in key or not key.isprintable()
    if odd or os.path.isabs(key):  # noqa: PTH117
        raise InputError("key_refused", f"expected a path inside the store, got {key!r}")
    return key


def _is_temporary(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith(".") and name.endswith(".tmp")
