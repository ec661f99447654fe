"""Footage as JSON."""

from datetime import datetime

from pydantic import BaseModel

from ctvos_jobs.tables import Video


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
