"""What the service answers, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from ctvos_client.errors import ServiceError

Output = Literal["masks", "coco", "overlay", "alpha", "confidence"]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
Kind = Literal["segment", "train"]


@dataclass(frozen=True)
class Progress:
    """How far a running job's phase is."""

    done: int
    """Frames, or training steps."""
    total: int | None
    rate: float | None
    """Frames or steps per second."""
    eta_seconds: float | None


@dataclass(frozen=True)
class JobError:
    """Why a job failed."""

    code: str
    detail: str | None
    retryable: bool
    """Whether the same job may succeed another time."""


@dataclass(frozen=True)
class Job:
    """A job as it was when the service was asked."""

    id: str
    kind: Kind
    status: Status
    phase: str | None
    """What a running job is doing."""
    progress: Progress
    attempt: int
    error: JobError | None
    model: str | None
    """Name asked for; None: the promoted one."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    """When the job's files are deleted."""
    links: Mapping[str, str]
    """Paths of what exists, or will if all goes well."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in ("queued", "running")

    def raise_for_status(self) -> Self:
        """The job itself if it has succeeded.

        Raises:
            ServiceError: with the code of the job's error, or `job_<status>`.
        """
        if self.status == "succeeded":
            return self
        code, detail = f"job_{self.status}", f"it is {self.status}"
        if self.error is not None:
            code, detail = self.error.code, self.error.detail or self.error.code
        raise ServiceError(code, f"job {self.id}: {detail}")

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """From the body of an answer; fields that are not known here are left out."""
        progress, error = body["progress"], body["error"]
        times = ("created_at", "started_at", "finished_at", "expires_at")
        return cls(
            progress=Progress(**_known(Progress, progress)),
            error=None if error is None else JobError(**_known(JobError, error)),
            **{name: _time(body[name]) for name in times},
            **{
                name: body[name]
                for name in ("id", "kind", "status", "phase", "attempt", "model", "links")
            },
        )


@dataclass(frozen=True)
class JobPage:
    """Jobs, newest first."""

    jobs: tuple[Job, ...]
    next_cursor: str | None
    """Asks for the next page; None: this is the last."""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """From the body of an answer."""
        return cls(tuple(map(Job.from_json, body["jobs"])), body["next_cursor"])


@dataclass(frozen=True)
class Confidence:
    """How sure a segmentation is."""

    objects: tuple[int, ...]
    """Ids, ascending."""
    frames: tuple[Mapping[int, float], ...]
    """Per frame, by object id, 0 to 1."""
    review: tuple[int, ...]
    """Frames worth a look, the least sure first."""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """From the content of `confidence.json`."""
        frames = (frame["confidence"] for frame in body["frames"])
        return cls(
            tuple(body["objects"]),
            tuple({int(i): value for i, value in sure.items()} for sure in frames),
            tuple(body["review"]),
        )


def _known(kind: type, body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in kind.__dataclass_fields__}  # type: ignore[attr-defined]


def _time(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)
