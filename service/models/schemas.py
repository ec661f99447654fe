"""Models as JSON."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from ctvos_jobs.registry import ModelInfo

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


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
