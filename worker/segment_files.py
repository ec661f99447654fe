"""The files of a segmentation: its inputs on the local disk, its results in the store."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ctvos_core.errors import InputError
from ctvos_core.results import LabelMap
from ctvos_core.results.folder import ResultFolder
from ctvos_core.results.inputs import SegmentationInputs, read_inputs
from ctvos_core.video import VideoInfo
from ctvos_core.video.frames_zip import is_zip, unpack_frames
from ctvos_jobs.requests import Keep, SegmentRequest
from ctvos_jobs.store import ArtifactStore
from worker.watch import JobWatch

COPYING = "copying"
"""The phase in which frames are taken over from the job that is corrected."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # of every entry, so that equal masks make equal zips


def local_file(store: ArtifactStore, key: str, folder: Path) -> Path:
    """A file of the store: where it lies if that is on this machine, else a copy in `folder`.

    Raises:
        FileNotFoundError: there is no such file.
    """
    here = store.local_path(key)
    if here is not None:
        if not here.is_file():
            raise FileNotFoundError(key)
        return here
    copy = folder / PurePosixPath(key).name
    store.get_file(key, copy)
    return copy


def segmentation_inputs(
    store: ArtifactStore, request: SegmentRequest, folder: Path, max_frames: int
) -> SegmentationInputs:
    """Video and masks of a segmentation.

    Args:
        store: where they are.
        request: of the job.
        folder: an empty one, for copies.
        max_frames: most images taken from a zip.

    Raises:
        InputError: as `read_inputs` and `unpack_frames`.
    """
    video = local_file(store, request.video.key, folder)
    if is_zip(video):
        frames = folder / "frames"
        frames.mkdir()
        unpack_frames(video, frames, max_frames)
        video = frames
    masks = [local_file(store, mask.key, folder) for mask in request.masks]
    at = [mask.frame for mask in request.masks]
    inputs = read_inputs(video, masks, at, [mask.objects for mask in request.masks])
    names = {int(i): name for i, name in (request.object_names or {}).items()}
    return replace(inputs, names={i: names[i] for i in inputs.object_ids if i in names})


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


def keep_frames(
    store: ArtifactStore, keep: Keep | None, folder: StoredResultFolder, watch: JobWatch
) -> dict[int, dict[int, float]]:
    """Copy masks from the job that is corrected.

    Args:
        store: where both jobs' files are.
        keep: what to copy; None: nothing.
        folder: gets the masks.
        watch: told of every mask.

    Returns:
        Confidence by object id of every frame copied.

    Raises:
        InputError: `parent_gone` when the files of that job are deleted.
    """
    if keep is None:
        return {}
    prefix = f"jobs/{keep.job}/{keep.attempt}"
    indices = [index for first, last in keep.frames for index in range(first, last + 1)]
    try:
        with store.open_read(f"{prefix}/confidence.json") as file:
            frames = json.load(file)["frames"]
        for done, index in enumerate(indices, 1):
            folder.keep_mask(index, prefix)
            watch.report(COPYING, done, len(indices))
    except FileNotFoundError as error:
        raise InputError(
            "parent_gone", f"expected the files of job {keep.job}, which are deleted"
        ) from error
    return {
        index: {int(i): value for i, value in frames[index]["confidence"].items()}
        for index in indices
    }
