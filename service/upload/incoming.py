"""The folder in which uploads come together, free of what killed processes left in it."""

from __future__ import annotations

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def incoming_folder(parent: Path) -> Iterator[Path]:
    """A folder for this process alone, gone afterwards.

    Several processes may have theirs in the same parent. Each holds a lock while it lives, so that
    the next to start knows which are of the dead, and removes them.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / uuid.uuid4().hex
    with (parent / "lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # nobody sees a folder before it is locked
        for other in parent.iterdir():
            if other.is_dir():
                _remove_if_dead(other)
        folder.mkdir()
        held = _lock(folder)
    with held:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: Path) -> IO[str]:
    file = (folder / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def _remove_if_dead(folder: Path) -> None:
    with suppress(OSError), _lock(folder):
        shutil.rmtree(folder, ignore_errors=True)
