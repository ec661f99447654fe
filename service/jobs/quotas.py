"""How much one API key may have."""

from ctvos_jobs import usage
from ctvos_jobs.api_keys import Principal
from service.context import ServiceContext
from service.http.problems import Problem


def require_room_for_job(context: ServiceContext, principal: Principal) -> None:
    """Raise 429 when too many of the key's jobs wait or run."""
    most = context.settings.max_queued_jobs_per_key
    with context.database.reading() as session:
        count = usage.unfinished_jobs(session, principal.key_id)
    if count >= most:
        raise Problem(
            429,
            "too_many_jobs",
            f"expected at most {most} jobs that wait or run for one key, got {count} already",
            headers={"Retry-After": "30"},
        )


def require_room_for_bytes(context: ServiceContext, principal: Principal, incoming: int) -> None:
    """Raise 507 when the key's files would take more than its share."""
    most = int(context.settings.max_stored_bytes_per_key)
    with context.database.reading() as session:
        stored = usage.stored_bytes(session, principal.key_id)
    if stored + incoming > most:
        raise Problem(
            507,
            "storage_quota_exceeded",
            f"expected at most {most} bytes stored for one key, got {stored} stored and {incoming} "
            "coming; delete jobs or videos",
        )
