"""Jobs as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
JobKind = Literal["segment", "train"]


class Progress(BaseModel):
    """How far a job is, in frames or training steps."""

    done: int
    total: int | None
    rate: float | None = Field(description="Frames or steps per second.")
    eta_seconds: float | None


class JobError(BaseModel):
    """Why a job failed."""

    code: str
    detail: str | None
    retryable: bool


class OutputState(BaseModel):
    """What became of one of the outputs that a segmentation was asked for."""

    status: Literal["pending", "succeeded", "failed"]
    code: str | None = Field(description="Why it failed.")
    detail: str | None


class JobView(BaseModel):
    """A job as clients see it."""

    id: str
    kind: JobKind
    name: str | None = Field(description="Of the video, or of the model that is trained.")
    status: JobStatus
    phase: str | None = Field(description="What a running job is doing.")
    progress: Progress
    attempt: int
    error: JobError | None
    model: str | None = Field(description="Name asked for; null: the promoted one.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="When the files of the job are deleted.")
    outputs: dict[str, OutputState] = Field(
        description="By name; those besides the masks may fail and the job succeed all the same."
    )
    links: dict[str, str] = Field(description="Paths of what exists, or will if all goes well.")


class JobPage(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobView]
    next_cursor: str | None = Field(description="For the next page; null: this is the last.")
