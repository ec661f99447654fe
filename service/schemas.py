"""What goes over the wire as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ctvos_jobs.registry import ModelInfo
from ctvos_jobs.tables import Video, WebhookDelivery

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
JobKind = Literal["segment", "train"]
Output = Literal["masks", "coco", "overlay", "alpha"]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


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


class JobView(BaseModel):
    """A job as clients see it."""

    id: str
    kind: JobKind
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
    links: dict[str, str] = Field(description="Paths of what exists, or will if all goes well.")


class JobPage(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobView]
    next_cursor: str | None = Field(description="For the next page; null: this is the last.")


class VideoView(BaseModel):
    """Footage to train on."""

    id: str
    name: str
    sha256: str
    bytes: int
    frames: int | None
    width: int
    height: int
    seconds: float | None
    created_at: datetime

    @classmethod
    def of(cls, video: Video) -> "VideoView":
        """From its row."""
        return cls.model_validate(video, from_attributes=True)


class VideoPage(BaseModel):
    """Videos, newest first."""

    videos: list[VideoView]
    next_cursor: str | None


class TrainRequest(BaseModel):
    """What to train on, and how."""

    model_config = ConfigDict(extra="forbid")

    videos: Literal["all"] | Annotated[list[Identifier], Field(min_length=1, max_length=100_000)]
    config: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.]*=", max_length=200)]],
        Field(max_length=100),
    ] = Field(default=[], description="`key=value`, as `ctvos train --set` takes them.")
    resume_from: ModelName | None = Field(default=None, description="A model to start from.")
    name: ModelName | None = Field(default=None, description="What the new model is called.")


class MetricsView(BaseModel):
    """Losses of a training job, oldest first."""

    metrics: list[dict[str, Any]]


class ModelView(BaseModel):
    """A model and its card."""

    name: str
    digest: str = Field(description="SHA-256 of the file of its parameters.")
    promoted: bool = Field(description="Whether jobs that ask for no model get this one.")
    created_at: datetime | None = Field(description="null: it came with the package.")
    scores: dict[str, Any]
    card: dict[str, Any]

    @classmethod
    def of(cls, info: ModelInfo) -> "ModelView":
        """From the registry."""
        return cls(
            name=info.name,
            digest=info.digest,
            promoted=info.promoted,
            created_at=info.created_at,
            scores=info.card.get("scores") or {},
            card=info.card,
        )


class ModelList(BaseModel):
    """All models: the packaged one first, then by name."""

    models: list[ModelView]


class WebhookTry(BaseModel):
    """One try to deliver."""

    at: datetime
    status_code: int | None
    error: str | None
    seconds: float


class DeliveryView(BaseModel):
    """One webhook message and what became of it."""

    id: str
    url: str
    event: str
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    tries: list[WebhookTry]
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "DeliveryView":
        """From its row."""
        return cls.model_validate(delivery, from_attributes=True)


class DeliveryList(BaseModel):
    """Webhook messages of a job, oldest first."""

    deliveries: list[DeliveryView]


class Limits(BaseModel):
    """How much of everything this server takes."""

    max_upload_bytes: int
    max_mask_bytes: int
    max_masks_per_job: int
    max_frames: int
    max_frame_pixels: int
    max_video_pixels: int = Field(description="Pixels of a frame times number of frames.")
    max_queued_jobs_per_key: int
    max_stored_bytes_per_key: int
    retention_hours: float


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """That jobs sent now would be run."""

    status: Literal["ready"] = "ready"
    checks: dict[str, str]
