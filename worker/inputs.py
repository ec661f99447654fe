"""The files of a job, on the local disk."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from ctvos_core.results.inputs import SegmentationInputs, read_inputs
from ctvos_core.video.frames_zip import is_zip, unpack_frames
from ctvos_jobs.store import ArtifactStore


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
    store: ArtifactStore, request: dict[str, Any], folder: Path, max_frames: int
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
    video = local_file(store, request["video"]["key"], folder)
    if is_zip(video):
        frames = folder / "frames"
        frames.mkdir()
        unpack_frames(video, frames, max_frames)
        video = frames
    masks = [local_file(store, mask["key"], folder) for mask in request["masks"]]
    at = [mask["frame"] for mask in request["masks"]]
    return read_inputs(video, masks, at, [mask["objects"] for mask in request["masks"]])
