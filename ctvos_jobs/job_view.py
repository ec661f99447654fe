"""What a client sees of a job."""

from __future__ import annotations

from typing import Any

from ctvos_jobs.tables import TERMINAL, Job


def public(job: Job) -> dict[str, Any]:
    """The job as `GET /jobs/{id}` shows it; times are aware datetimes.

    Keys: `id, kind, status, phase, progress{done, total, rate, eta_seconds}, attempt,
    error{code, detail, retryable}|None, model, created_at, started_at, finished_at, expires_at,
    links{name: path}`.
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
        "links": _links(job),
    }


def _eta_seconds(job: Job) -> float | None:
    if job.status != "running" or not job.rate or job.progress_total is None:
        return None
    return round(max(0, job.progress_total - job.progress_done) / job.rate, 1)


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
        links |= {name: f"{path}/{name}" for name in names}
        if job.status == "succeeded":
            links["corrections"] = f"{path}/corrections"
    if job.parent_id:
        links["parent"] = f"/jobs/{job.parent_id}"
    return links
