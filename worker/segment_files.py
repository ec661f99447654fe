"""Results of a segmentation on their way into the store."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from ctvos_core.results import LabelMap
from ctvos_core.results.folder import ResultFolder
from ctvos_core.video import VideoInfo
from ctvos_jobs.store import ArtifactStore

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # of every entry, so that equal masks make equal zips


class StoredResultFolder(ResultFolder):
    """A result folder whose masks are in the store, too, as soon as they are written.

    Args:
        path: the local folder.
        info: of the video.
        store: where copies go.
        prefix: the folder in the store.
        on_mask: told of every mask in the store: its frame and name.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        store: ArtifactStore,
        prefix: str,
        on_mask: Callable[[int, str], None],
    ) -> None:
        super().__init__(path, info)
        self._stems = info.stems
        self._store, self._prefix, self._on_mask = store, prefix, on_mask
        self.stored_bytes = 0

    def write_mask(self, index: int, labels: LabelMap) -> None:
        """See `ResultFolder.write_mask`."""
        super().write_mask(index, labels)
        self._publish(index)

    def keep_mask(self, index: int, prefix: str) -> None:
        """Take the mask of a frame from another job's folder in the store.

        Raises:
            FileNotFoundError: it is not there.
        """
        path = self.mask_path(index)
        self._store.get_file(f"{prefix}/masks/{path.name}", path)
        self._publish(index)

    def store_file(self, path: Path) -> None:
        """Copy another finished file."""
        self._put(path, path.name)

    def store_zip(self) -> None:
        """Write `masks.zip` with the mask of every frame."""
        key = f"{self._prefix}/masks.zip"
        with self._store.open_write(key) as file, zipfile.ZipFile(file, "w") as archive:
            for index in range(len(self._stems)):
                path = self.mask_path(index)
                # PNGs do not get smaller.
                archive.writestr(zipfile.ZipInfo(path.name, _LONG_AGO), path.read_bytes())
        self.stored_bytes += self._store.size(key) or 0

    def _publish(self, index: int) -> None:
        path = self.mask_path(index)
        self._put(path, f"masks/{path.name}")
        self._on_mask(index, self._stems[index])

    def _put(self, path: Path, name: str) -> None:
        self._store.put_file(path, f"{self._prefix}/{name}")
        self.stored_bytes += path.stat().st_size
