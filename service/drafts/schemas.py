"""Drafts as JSON."""

from pydantic import BaseModel, Field

from service.drafts.service import Draft


class DraftView(BaseModel):
    """A video without masks; `POST /segment` takes its id as `draft` in place of a video."""

    id: str
    name: str
    bytes: int
    width: int = Field(description="Pixels, as displayed.")
    height: int = Field(description="Pixels, as displayed.")
    frames: int
    frame_rate: float = Field(description="Frames per second, on average.")

    @classmethod
    def of(cls, draft: Draft) -> "DraftView":
        """From what is stored."""
        video = draft.video
        return cls(
            id=draft.id,
            name=draft.name,
            bytes=draft.size,
            width=video.width,
            height=video.height,
            frames=video.frames,
            frame_rate=video.frames / video.seconds,
        )
