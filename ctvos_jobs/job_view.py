"""What a client sees of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ctvos_jobs.pagination import newest_first
from ctvos_jobs.tables import TERMINAL, Job


def public(job: Job) -> dict[str, Any]:
    """The job as `GET /jobs/{id}` shows it; times are aware datetimes.

    Keys: `id, kind, name, status, phase, progress{done, total, rate, eta_seconds}, attempt,
    error{code, detail, retryable}|None, model, created_at, started_at, finished_at, expires_at,
    outputs{name: {status, code, detail}}, links{name: path}`.
    """
    error = None
    if job.error_code is not None:
        error = {
            "code": job.error_code,
            "detail": job.error_detail,
            "retryable": bool(job.error_retryable),
        }
    return {
        "id": job.id,
        "kind": job.kind,
        "name": _name(job),
        "status": job.status,
        "phase": job.phase,
        "progress": {
            "done": job.progress_done,
            "total": job.progress_total,
            "rate": job.rate,
            "eta_seconds": _eta_seconds(job),
        },
        "attempt": job.attempt,
        "error": error,
        "model": job.model,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "outputs": _outputs(job),
        "links": _links(job),
    }


def get(session: Session, job_id: str, key_id: str | None = None) -> Job | None:
    """A job; with `key_id` only if it belongs to that key. Deleted ones are not there."""
    query = select(Job).where(Job.id == job_id, Job.deleted.is_(False))
    if key_id is not None:
        query = query.where(Job.key_id == key_id)
    return session.scalars(query).one_or_none()


def list_jobs(
    session: Session,
    *,
    key_id: str | None = None,
    status: str | None = None,
    kind: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[Sequence[Job], str | None]:
    """Jobs, newest first, and the cursor of the next page (None: no more).

    Args:
        session: any.
        key_id: only those of this key; None: all.
        status: only those in this state.
        kind: only `segment` or `train`.
        limit: at most so many.
        cursor: what an earlier page returned.

    Raises:
        InputError: `cursor_invalid`, `limit_invalid`.
    """
    query = select(Job).where(Job.deleted.is_(False))
    if key_id is not None:
        query = query.where(Job.key_id == key_id)
    if status is not None:
        query = query.where(Job.status == status)
    if kind is not None:
        query = query.where(Job.kind == kind)
    return newest_first(session, query, Job, limit, cursor)


def _name(job: Job) -> str | None:
    """Of the video that is segmented, or of the model that is trained."""
    named = job.request.get("video", {}) if job.kind == "segment" else job.request
    name: str | None = named.get("name")
    return name


def _eta_seconds(job: Job) -> float | None:
    if job.status != "running" or not job.rate or job.progress_total is None:
        return None
    return round(max(0, job.progress_total - job.progress_done) / job.rate, 1)


def _outputs(job: Job) -> dict[str, dict[str, str | None]]:
    """What a segmentation was asked to make, each `pending`, `succeeded` or `failed`, and why.

    Masks are the result: the other outputs may fail and the job succeed all the same.
    """
    if job.kind != "segment":
        return {}
    states: dict[str, dict[str, str | None]] = {}
    failed = _failed_outputs(job)
    for name in job.request.get("outputs", []):
        code = detail = None
        if name in failed:
            status, code, detail = "failed", failed[name]["code"], failed[name]["detail"]
        elif job.status in ("succeeded", "expired"):
            status = "succeeded"
        elif job.status in TERMINAL:
            status, code, detail = "failed", job.error_code, job.error_detail
        else:
            status = "pending"
        states[name] = {"status": status, "code": code, "detail": detail}
    return states


def _failed_outputs(job: Job) -> dict[str, dict[str, str]]:
    failed: dict[str, dict[str, str]] = (job.result or {}).get("failed_outputs", {})
    return failed


def _links(job: Job) -> dict[str, str]:
    """Paths of what exists now or will, if the job goes well."""
    path = f"/jobs/{job.id}"
    links = {"self": path}
    if job.status == "expired":
        return links
    links["events"] = f"{path}/events"
    if job.status not in TERMINAL:
        links["cancel"] = f"{path}/cancel"
    if job.kind == "train":
        links["metrics"] = f"{path}/metrics"
        if job.status == "succeeded" and job.request.get("name"):
            links["model"] = f"/models/{job.request['name']}"
    elif job.status not in ("failed", "cancelled"):
        names = [*job.request.get("outputs", []), "confidence"]
        made = [name for name in names if name not in _failed_outputs(job)]
        links |= {name: f"{path}/{name}" for name in made}
        if job.status == "succeeded":
            links["corrections"] = f"{path}/corrections"
    if job.parent_id:
        links["parent"] = f"/jobs/{job.parent_id}"
    return links
