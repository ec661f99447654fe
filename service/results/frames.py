"""Frames of the video of a segmentation."""

from ctvos_jobs.requests import SegmentRequest, VideoInput
from ctvos_jobs.tables import Job
from service.context import ServiceContext
from service.http.problems import Problem
from service.jobs.service import require_kind
from service.probe.frame_cache import require_frame


async def job_frame(context: ServiceContext, job: Job, frame: int) -> bytes:
    """A frame of the video of a segmentation, as JPEG.

    Raises:
        Problem: 404 `frame_not_found` or `output_not_requested`, 410 `job_expired`.
        InputError: it cannot be decoded.
    """
    video = segmented_video(job)
    require_frame(frame, video.frames)
    try:
        return await context.frames.frame(video.key, frame, video.width * video.height)
    except FileNotFoundError as error:
        raise Problem(410, "job_expired", "The files of this job are deleted.") from error


def segmented_video(job: Job) -> VideoInput:
    """The video of a segmentation, as its request has it; 404 for other jobs."""
    require_kind(job, "segment")
    return SegmentRequest.of(job).video
