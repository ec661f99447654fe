"""Files on their way into the store, and inside it."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ctvos_jobs.store import ArtifactStore


def move_into_store(store: ArtifactStore, path: Path, key: str) -> None:
    """Give a finished upload its place: by renaming it where the store is on the same disk."""
    target = store.local_path(key)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # another file system
            path.replace(target)
            return
    store.put_file(path, key)
    path.unlink()


def copy_in_store(store: ArtifactStore, source: str, target: str) -> None:
    """A second name for what never changes: a hard link where there are any.

    Raises:
        FileNotFoundError: there is no `source`.
    """
    here, there = store.local_path(source), store.local_path(target)
    if here is not None and there is not None:
        there.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(here, there)
        except FileNotFoundError:
            raise
        except OSError:
            store.put_file(here, target)
        return
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "file"
        store.get_file(source, local)
        store.put_file(local, target)


def write_json(store: ArtifactStore, key: str, value: Any) -> None:
    """Write a small JSON file."""
    with store.open_write(key) as file:
        file.write(json.dumps(value).encode())


def read_json(store: ArtifactStore, key: str) -> Any:
    """Read a small JSON file.

    Raises:
        FileNotFoundError: there is none.
    """
    with store.open_read(key) as file:
        return json.load(file)
