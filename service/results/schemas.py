"""The video of a segmentation as JSON."""

from pydantic import BaseModel, Field

from ctvos_jobs.requests import SegmentRequest
from ctvos_jobs.tables import Job
from service.results.frames import segmented_video


class GivenMask(BaseModel):
    """A frame whose mask was given."""

    frame: int
    objects: list[int] = Field(description="The ids that the mask speaks for.")
    absent: list[int] = Field(default=[], description="Those that are known not to be there.")
    reading: str | None = Field(
        default=None,
        description="What ids were taken from: indices, gray values, black and white, colours.",
    )


class JobFrames(BaseModel):
    """The video of a segmentation."""

    name: str
    width: int = Field(description="Pixels, as displayed.")
    height: int = Field(description="Pixels, as displayed.")
    frames: int
    frame_rate: float | None = Field(description="Frames per second, on average.")
    masks: list[GivenMask]
    object_names: dict[str, str]
    outputs: list[str]
    review: list[int] = Field(description="Frames worth a look, worst first; empty until the end.")

    @classmethod
    def of(cls, job: Job) -> "JobFrames":
        """From a job's row.

        Raises:
            Problem: 404 when it is no segmentation.
        """
        video, request = segmented_video(job), SegmentRequest.of(job)
        seconds = video.seconds
        return cls(
            name=video.name,
            width=video.width,
            height=video.height,
            frames=video.frames,
            frame_rate=video.frames / seconds if seconds else None,
            masks=[GivenMask.model_validate(mask.to_row()) for mask in request.masks],
            object_names=request.object_names or {},
            outputs=request.outputs,
            review=(job.result or {}).get("review", []),
        )
