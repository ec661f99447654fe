"""The state and the limits of the service as JSON."""

from typing import Literal

from pydantic import BaseModel, Field


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
