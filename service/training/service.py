"""Training jobs."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from ctvos_jobs import lifecycle, registry
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.requests import TrainingRequest
from ctvos_jobs.tables import Job, Video, new_id
from service.context import ServiceContext
from service.http.problems import Problem
from service.jobs.idempotency import IdempotentRequest, idempotent
from service.jobs.quotas import require_room_for_job
from service.jobs.service import owner
from service.training.schemas import TrainRequest


async def submit_training(
    context: ServiceContext, principal: Principal, order: TrainRequest, key: str | None
) -> Job:
    """Queue a training.

    Raises:
        Problem: 422 for videos or models that are not there, or a name that is taken.
    """
    await run_in_threadpool(require_room_for_job, context, principal)
    async with idempotent(context, principal, key) as once:
        earlier = await once.earlier_job(["train", order.model_dump(mode="json")])
        if earlier is not None:
            return earlier
        return await run_in_threadpool(_save, once, order)


def _save(once: IdempotentRequest, order: TrainRequest) -> Job:
    context, job_id = once.context, new_id()
    name = order.name or f"model-{job_id[:12]}"
    registry.check_name(name)
    with context.database.session() as session:
        if registry.get_model(session, name) is not None:
            raise Problem(422, "model_exists", f"name: expected a new name, got {name!r}, in use")
        if order.resume_from and registry.get_model(session, order.resume_from) is None:
            raise Problem(
                422, "model_not_found", f"resume_from: there is no model {order.resume_from!r}"
            )
        job = lifecycle.new_job(
            session,
            kind="train",
            request=TrainingRequest(
                videos=_videos(session, once.principal, order),
                config=order.config,
                resume_from=order.resume_from,
                name=name,
            ).to_row(),
            key_id=once.principal.key_id,
            max_attempts=context.settings.max_attempts,
            retention_hours=context.settings.retention_hours,
            job_id=job_id,
        )
        once.record(session, job)
    context.relay.poke()
    context.announce(job)
    return job


def _videos(session: Session, principal: Principal, order: TrainRequest) -> list[str]:
    query = select(Video.id).order_by(Video.created_at, Video.id)
    key_id = owner(principal)
    if key_id is not None:
        query = query.where(Video.key_id == key_id)
    stored = list(session.scalars(query))
    if order.videos == "all":
        if not stored:
            raise Problem(422, "no_videos", "videos: expected stored videos, there are none")
        return stored
    asked = list(dict.fromkeys(order.videos))
    unknown = sorted(set(asked) - set(stored))
    if unknown:
        raise Problem(
            422,
            "video_not_found",
            f"videos: {len(unknown)} of {len(asked)} are not stored, such as {unknown[0]!r}",
        )
    return asked
