"""Trainings as JSON."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.models.schemas import ModelName

Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


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


class PictureList(BaseModel):
    """The pictures of a training."""

    steps: list[int] = Field(description="Steps of which there is a picture, oldest first.")
