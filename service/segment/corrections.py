"""Corrections: a finished segmentation done again with more masks, keeping what stays valid."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ctvos_jobs.api_keys import Principal
from ctvos_jobs.requests import Keep, MaskInput, SegmentRequest
from ctvos_jobs.tables import Job, new_id
from service.context import ServiceContext
from service.http.problems import Problem
from service.jobs.idempotency import IdempotentRequest, idempotent
from service.jobs.quotas import require_room_for_bytes, require_room_for_job
from service.jobs.service import require_job
from service.probe.prober import ProbedMask, ProbedVideo
from service.segment.form import (
    FrameMask,
    SegmentOptions,
    correction_rules,
    form_content,
    frame_masks,
    parse_options,
)
from service.segment.kept_frames import kept_frames
from service.segment.service import (
    name_masks,
    queue_job,
    require_model,
    shown_objects,
    store_masks,
)
from service.upload.into_store import copy_in_store
from service.upload.receive import check_headers, receive_form, upload_folder


async def submit_correction(
    context: ServiceContext, principal: Principal, parent_id: str, request: Request, key: str | None
) -> Job:
    """Receive masks for frames of a finished job, and queue a new job.

    The new job has the inputs of its parent, with the new masks added or put in the place of those
    of the same frames. What the form does not say is as in the parent.

    Args:
        context: of the application.
        principal: whose job it will be.
        parent_id: the job that is corrected.
        request: its body has not been read.
        key: the `Idempotency-Key`.

    Raises:
        Problem, InputError: nothing of the request is kept.
    """
    rules = correction_rules(context.settings)
    boundary = check_headers(request, rules, context.uploads)
    parent = await run_in_threadpool(_require_parent, context, principal, parent_id)
    await run_in_threadpool(require_room_for_job, context, principal)
    incoming = SegmentRequest.of(parent).video.bytes
    await run_in_threadpool(require_room_for_bytes, context, principal, incoming)
    async with (
        idempotent(context, principal, key) as once,
        upload_folder(context.uploads) as folder,
    ):
        count = context.meters.upload_bytes.inc
        form = await receive_form(request, boundary, folder, rules, count)
        options, given = parse_options(form), frame_masks(form)
        content = ["corrections", parent_id, *form_content(form)]
        if (earlier := await once.earlier_job(content)) is not None:
            return earlier
        await run_in_threadpool(require_model, context, options.model)
        masks = (
            await context.prober.probe(
                folder, video=None, known=_known(parent), masks=name_masks(given)
            )
        )[1]
        return await run_in_threadpool(_save, once, parent, options, given, masks)


def _require_parent(context: ServiceContext, principal: Principal, parent_id: str) -> Job:
    parent = require_job(context, principal, parent_id)
    if parent.kind != "segment":
        raise Problem(409, "not_a_segmentation", "Only segmentations can be corrected.")
    if parent.status == "expired":
        raise Problem(410, "job_expired", "The files of this job are deleted.")
    if parent.status != "succeeded":
        raise Problem(
            409,
            "job_not_succeeded",
            f"expected a job that has succeeded, got one that is {parent.status}",
        )
    return parent


def _known(parent: Job) -> ProbedVideo:
    video = SegmentRequest.of(parent).video
    return ProbedVideo("", video.width, video.height, video.frames, 0, None)


def _save(
    once: IdempotentRequest,
    parent: Job,
    options: SegmentOptions,
    given: list[FrameMask],
    probed: list[ProbedMask],
) -> Job:
    context, job_id = once.context, new_id()
    old = SegmentRequest.of(parent)
    inputs = f"jobs/{job_id}/inputs"
    try:
        stems_key = old.video.stems_key
        if stems_key is not None:
            stems_key = _copy(context, stems_key, inputs)
        key = _copy(context, old.video.key, inputs)
        video = old.video.model_copy(update={"key": key, "stems_key": stems_key})
        new = store_masks(context, job_id, given, probed)
        replaced = {mask.frame for mask in given}
        masks = new + [
            mask.model_copy(update={"key": _copy(context, mask.key, inputs)})
            for mask in old.masks
            if mask.frame not in replaced
        ]
        if len(masks) > context.settings.max_masks_per_job:
            raise Problem(
                422,
                "too_many_files",
                f"mask: expected at most {context.settings.max_masks_per_job} with those of the "
                f"corrected job, got {len(masks)}",
            )
        shown_objects(masks)
        model = options.model or parent.model
        request = old.model_copy(
            update={
                "video": video,
                "masks": sorted(masks, key=lambda mask: mask.frame),
                "outputs": options.outputs or old.outputs,
                "webhook_url": options.webhook_url or old.webhook_url,
                "keep": _keep(parent, old, new) if model == parent.model else None,
            }
        )
        return queue_job(once, job_id, request, model, parent.id)
    except FileNotFoundError as error:
        context.store.delete(f"jobs/{job_id}")
        raise Problem(410, "job_expired", "The files of this job are deleted.") from error
    except BaseException:
        context.store.delete(f"jobs/{job_id}")
        raise


def _copy(context: ServiceContext, key: str, folder: str) -> str:
    target = f"{folder}/{key.rpartition('/')[2]}"
    copy_in_store(context.store, key, target)
    return target


def _keep(parent: Job, old: SegmentRequest, new_masks: list[MaskInput]) -> Keep | None:
    known = shown_objects(old.masks)
    if any(set(mask.objects) - known for mask in new_masks):
        return None  # a new object may be in any frame
    frames = kept_frames(
        old.video.frames,
        [mask.frame for mask in old.masks],
        [mask.frame for mask in new_masks],
    )
    return Keep(job=parent.id, attempt=parent.attempt, frames=frames) if frames else None
