"""Frames of a corrected job that stay as they were."""

from __future__ import annotations

import json
from typing import Any

from ctvos_core.errors import InputError
from ctvos_jobs.store import ArtifactStore
from worker.segment_files import StoredResultFolder
from worker.watch import JobWatch

COPYING = "copying"


def keep_frames(
    store: ArtifactStore, keep: dict[str, Any] | None, folder: StoredResultFolder, watch: JobWatch
) -> dict[int, dict[int, float]]:
    """Copy masks from the job that is corrected.

    Args:
        store: where both jobs' files are.
        keep: `{"job", "attempt", "frames": [[first, last], ...]}`, last included; None: nothing.
        folder: gets the masks.
        watch: told of every mask.

    Returns:
        Confidence by object id of every frame copied.

    Raises:
        InputError: `parent_gone` when the files of that job are deleted.
    """
    if keep is None:
        return {}
    prefix = f"jobs/{keep['job']}/{keep['attempt']}"
    indices = [index for first, last in keep["frames"] for index in range(first, last + 1)]
    try:
        with store.open_read(f"{prefix}/confidence.json") as file:
            frames = json.load(file)["frames"]
        for done, index in enumerate(indices, 1):
            folder.keep_mask(index, prefix)
            watch.report(COPYING, done, len(indices))
    except FileNotFoundError as error:
        raise InputError(
            "parent_gone", f"expected the files of job {keep['job']}, which are deleted"
        ) from error
    return {
        index: {int(i): value for i, value in frames[index]["confidence"].items()}
        for index in indices
    }
