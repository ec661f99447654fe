"""Room on the local disk for the job at hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Scratch:
    """A folder of this process; those of processes that were killed are removed at the start."""

    def __init__(self) -> None:
        root = Path(tempfile.gettempdir()) / f"ctvos-scratch-{os.getuid()}"
        root.mkdir(mode=0o700, exist_ok=True)
        for folder in root.iterdir():
            if folder.name.isdecimal() and not _is_alive(int(folder.name)):
                shutil.rmtree(folder, ignore_errors=True)
        self.path = root / str(os.getpid())
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(mode=0o700)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.path, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def remove(self) -> None:
        """Delete everything; nothing can be made afterwards."""
        shutil.rmtree(self.path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
