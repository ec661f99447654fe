"""What a video looks like, frame by frame: of drafts and of jobs."""

from typing import Any

from ctvos_jobs.tables import Job
from service.context import ServiceContext
from service.problems import Problem
from service.services.drafts import Draft


async def draft_frame(context: ServiceContext, draft: Draft, frame: int) -> bytes:
    """A frame of a draft, as JPEG.

    Raises:
        Problem: 404 `frame_not_found`.
        InputError: it cannot be decoded.
    """
    video = draft.video
    _require_frame(frame, video.frames)
    try:
        return await context.frames.frame(draft.key, frame, video.width * video.height)
    except FileNotFoundError as error:
        raise Problem(410, "draft_expired", "The video of this draft is deleted.") from error


async def job_frame(context: ServiceContext, job: Job, frame: int) -> bytes:
    """A frame of the video of a segmentation, as JPEG.

    Raises:
        Problem: 404 `frame_not_found` or `output_not_requested`, 410 `job_expired`.
        InputError: it cannot be decoded.
    """
    video = segmented_video(job)
    _require_frame(frame, video["frames"])
    try:
        return await context.frames.frame(video["key"], frame, video["width"] * video["height"])
    except FileNotFoundError as error:
        raise Problem(410, "job_expired", "The files of this job are deleted.") from error


def segmented_video(job: Job) -> dict[str, Any]:
    """The video of a segmentation, as its request has it; 404 for other jobs."""
    if job.kind != "segment":
        raise Problem(
            404, "output_not_requested", f"expected a segment job, this one is a {job.kind} job"
        )
    video: dict[str, Any] = job.request["video"]
    return video


def _require_frame(frame: int, count: int) -> None:
    if frame >= count:
        raise Problem(
            404, "frame_not_found", f"expected a frame from 0 to {count - 1}, got {frame}"
        )
