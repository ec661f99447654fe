"""What a job asks for and what it leaves, as the columns `request` and `result` of its row hold it.

The service writes requests and the workers read them; the workers write results and the service
reads them. Rows outlive the release that wrote them, so every field that was added later has a
default, and fields that this release does not know are ignored.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from ctvos_jobs.tables import Job


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_row(self) -> dict[str, Any]:
        """JSON for the column."""
        return self.model_dump(mode="json")


class _Request(_Row):
    @classmethod
    def of(cls, job: Job) -> Self:
        """The request of a job of this kind.

        Raises:
            pydantic.ValidationError: the job is of another kind.
        """
        return cls.model_validate(job.request)


class VideoInput(_Row):
    """The video of a segmentation."""

    key: str
    """Of its file in the store."""
    name: str
    """As the client calls it; never part of a path."""
    sha256: str
    bytes: int
    frames: int
    seconds: float | None = None
    width: int
    """Pixels, as displayed."""
    height: int
    """Pixels, as displayed."""
    stems_key: str | None = None
    """Key of a JSON list with the names of the frames; None: the video is a file, not a zip."""


class MaskInput(_Row):
    """A mask that was given."""

    key: str
    sha256: str
    frame: int = Field(ge=0)
    objects: list[int]
    """Ids that the mask speaks for, ascending."""
    absent: list[int] = []
    """Those of them that are known not to be in the frame."""
    reading: str | None = None
    """What its ids were taken from (`ctvos_core.results.mask_reader.Reading`)."""


class Keep(_Row):
    """Frames that a correction copies from the job that it corrects."""

    job: str
    attempt: int
    frames: list[tuple[int, int]]
    """First and last frame of each run, both included, ascending."""


class SegmentRequest(_Request):
    """What a segmentation is made from, and what it makes."""

    video: VideoInput
    masks: list[MaskInput] = Field(min_length=1)
    outputs: list[str] = ["masks"]
    adapt: bool = False
    """Whether the network is first trained on the video itself for a few steps."""
    webhook_url: str | None = None
    object_names: dict[str, str] | None = None
    """By object id."""
    keep: Keep | None = None
    """None: every frame is segmented."""


class TrainingRequest(_Request):
    """What a model is trained on, and how."""

    videos: list[str]
    """Ids of stored videos."""
    config: list[str] = []
    """`key=value` settings."""
    resume_from: str | None = None
    """Name of the model that training starts from; None: it starts from nothing."""
    name: str
    """Of the model that is made."""


class ObjectResult(_Row):
    """One object of a finished segmentation."""

    id: int
    name: str | None = None
    confidence: float
    """Mean over all frames, 0 to 1."""


class OutputFailure(_Row):
    """Why one of the outputs was not made though the masks were."""

    code: str
    detail: str


class SegmentResult(_Row):
    """What a segmentation leaves in its row."""

    frames: int
    seconds: float
    """Time that propagation took."""
    frames_per_second: float
    short_side: int
    """Pixels to which frames were scaled."""
    retried_smaller: bool
    """Whether memory ran out at the usual size."""
    objects: list[ObjectResult]
    review: list[int] = []
    """Frames worth a look, worst first."""
    bytes: int
    """Size of all files in the store."""
    failed_outputs: dict[str, OutputFailure] = {}
    """By output; the rest of those asked for are there."""
    stage_seconds: dict[str, float] = {}


class TrainingResult(_Row):
    """What a training leaves in its row."""

    model: str
    digest: str
    """SHA-256 of the parameters."""
    steps: int
