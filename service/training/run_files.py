"""Losses and pictures that a training run writes as it goes."""

from ctvos_jobs.tables import Job
from service.context import ServiceContext
from service.http.problems import Problem
from service.http.sending import StoredFile
from service.jobs.service import require_kind


def find_metrics(context: ServiceContext, job: Job) -> StoredFile | None:
    """The losses of a training so far; None before the first.

    Raises:
        Problem: 404 or 410.
    """
    require_kind(job, "train")
    key = f"jobs/{job.id}/run/metrics.jsonl"
    size = context.store.size(key)
    if size is not None:
        return StoredFile(key, size, "application/x-ndjson", "metrics.jsonl", inline=True)
    if job.status == "expired":
        raise Problem(410, "job_expired", "The files of this job are deleted.")
    return None


def list_steps(context: ServiceContext, job: Job) -> list[int]:
    """Steps of which there is a picture, ascending.

    Raises:
        Problem: 404 or 410.
    """
    names = context.store.children(_folder(job))
    return sorted(
        int(name[:-4]) for name in names if name[:-4].isdecimal() and name.endswith(".png")
    )


def find_picture(context: ServiceContext, job: Job, step: int) -> StoredFile | None:
    """The picture of a step; None: there is none.

    Raises:
        Problem: 404 or 410.
    """
    key = f"{_folder(job)}/{step:06}.png"
    size = context.store.size(key)
    if size is None:
        return None
    return StoredFile(key, size, "image/png", f"{job.id}-{step:06}.png", inline=True)


def _folder(job: Job) -> str:
    require_kind(job, "train")
    if job.status == "expired":
        raise Problem(410, "job_expired", "The files of this job are deleted.")
    return f"jobs/{job.id}/run/pictures"
