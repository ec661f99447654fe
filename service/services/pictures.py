"""Pictures that a training has written."""

from ctvos_jobs.tables import Job
from service.context import ServiceContext
from service.problems import Problem
from service.services.artifacts import StoredFile


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
    if job.kind != "train":
        raise Problem(
            404, "output_not_requested", f"expected a train job, this one is a {job.kind} job"
        )
    if job.status == "expired":
        raise Problem(410, "job_expired", "The files of this job are deleted.")
    return f"jobs/{job.id}/run/pictures"
