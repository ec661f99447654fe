"""Where the files of a job are, and why one is not there."""

from dataclasses import dataclass

from ctvos_jobs.requests import SegmentRequest
from ctvos_jobs.tables import TERMINAL, Job
from service.context import ServiceContext
from service.http.problems import Problem
from service.http.sending import StoredFile
from service.jobs.service import require_kind
from service.upload.into_store import read_json


@dataclass(frozen=True)
class Artifact:
    """A kind of file that a segmentation makes.

    Attributes:
        output: by which name it is asked for in `outputs`; None: always made.
        file: its name under `jobs/<id>/<attempt>/`.
        media_type: of its content.
        inline: browsers show it instead of saving it.
    """

    output: str | None
    file: str
    media_type: str
    inline: bool


ARTIFACTS = {
    "masks": Artifact("masks", "masks.zip", "application/zip", inline=False),
    "coco": Artifact("coco", "coco.json", "application/json", inline=False),
    "overlay": Artifact("overlay", "overlay.mp4", "video/mp4", inline=True),
    "alpha": Artifact("alpha", "alpha.webm", "video/webm", inline=True),
    "confidence": Artifact(None, "confidence.json", "application/json", inline=True),
}


def find_artifact(context: ServiceContext, job: Job, name: str) -> StoredFile:
    """An artifact of a job's last attempt.

    Raises:
        Problem: 404, 409 or 410, as `_missing` says.
    """
    require_kind(job, "segment")
    artifact = ARTIFACTS[name]
    if artifact.output is not None and artifact.output not in SegmentRequest.of(job).outputs:
        raise Problem(404, "output_not_requested", f"The job was not asked for {name}.")
    failed = (job.result or {}).get("failed_outputs", {}).get(artifact.output)
    if failed is not None:
        raise Problem(404, "output_failed", f"The job could not make {name}: {failed['detail']}")
    key = f"jobs/{job.id}/{job.attempt}/{artifact.file}"
    return _found(context, job, key, artifact.media_type, artifact.file, artifact.inline)


def find_mask(context: ServiceContext, job: Job, frame: int) -> StoredFile:
    """The mask of a frame, from the moment it is written.

    Raises:
        Problem: 404, 409 or 410.
    """
    require_kind(job, "segment")
    video = SegmentRequest.of(job).video
    if frame >= video.frames:
        raise Problem(
            404,
            "frame_not_found",
            f"expected a frame from 0 to {video.frames - 1}, got {frame}",
        )
    stem = f"{frame:05d}"
    if video.stems_key is not None:
        try:
            stem = read_json(context.store, video.stems_key)[frame]
        except FileNotFoundError as error:
            raise _missing(job) from error
    key = f"jobs/{job.id}/{job.attempt}/masks/{stem}.png"
    return _found(context, job, key, "image/png", f"{stem}.png", inline=True)


def _found(
    context: ServiceContext, job: Job, key: str, media_type: str, file: str, inline: bool
) -> StoredFile:
    size = context.store.size(key) if job.attempt else None
    if size is None:
        raise _missing(job)
    return StoredFile(key, size, media_type, f"{job.id}-{file}", inline)


def _missing(job: Job) -> Problem:
    if job.status == "expired":
        return Problem(410, "job_expired", "The files of this job are deleted.")
    if job.status not in TERMINAL:
        return Problem(
            409,
            "not_ready",
            f"The job is {job.status}; this file is not there yet.",
            headers={"Retry-After": "2"},
        )
    return Problem(404, "output_missing", f"The job has {job.status} without this file.")
