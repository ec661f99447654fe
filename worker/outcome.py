"""What a job leaves when it succeeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ctvos_jobs.requests import SegmentResult, TrainingResult
from worker.context import WorkerContext
from worker.watch import JobWatch


@dataclass(frozen=True)
class Outcome:
    """What a job leaves in its row."""

    result: SegmentResult | TrainingResult
    model_digest: str
    """SHA-256 of the parameters that were used or made."""


Runner = Callable[[WorkerContext, JobWatch], Outcome]
"""Does the work of one kind of job."""
