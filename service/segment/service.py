"""From an uploaded video and its masks to a queued job."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ctvos_jobs import lifecycle, registry
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.requests import MaskInput, SegmentRequest, VideoInput
from ctvos_jobs.tables import Job, new_id
from service.context import ServiceContext
from service.drafts.service import Draft, require_draft
from service.http.problems import Problem, not_found
from service.jobs.idempotency import IdempotentRequest, idempotent
from service.jobs.quotas import require_room_for_bytes, require_room_for_job
from service.probe.prober import MaskFile, ProbedMask, ProbedVideo
from service.segment.form import (
    FrameMask,
    SegmentOptions,
    form_content,
    frame_masks,
    parse_options,
    segment_rules,
)
from service.upload.form import UploadedFile
from service.upload.into_store import copy_in_store, move_into_store, write_json
from service.upload.receive import check_headers, receive_form, upload_folder


async def submit_segmentation(
    context: ServiceContext, principal: Principal, request: Request, key: str | None
) -> Job:
    """Receive a video and masks, look at them, and queue a job.

    Args:
        context: of the application.
        principal: whose job it will be.
        request: its body has not been read.
        key: the `Idempotency-Key`.

    Raises:
        Problem, InputError: nothing of the request is kept.
    """
    rules = segment_rules(context.settings)
    boundary = check_headers(request, rules, context.uploads)
    await run_in_threadpool(require_room_for_job, context, principal)
    declared = int(request.headers.get("content-length", 0))
    await run_in_threadpool(require_room_for_bytes, context, principal, declared)
    async with (
        idempotent(context, principal, key) as once,
        upload_folder(context.uploads) as folder,
    ):
        count = context.meters.upload_bytes.inc
        form = await receive_form(request, boundary, folder, rules, count)
        videos = form.files_of("video")
        options, given = parse_options(form), frame_masks(form)
        if len(videos) + (options.draft is not None) != 1:
            raise Problem(
                422,
                "video_missing",
                "expected a file as video or a draft's id as draft, and not both",
            )
        if (earlier := await once.earlier_job(["segment", *form_content(form)])) is not None:
            return earlier
        await run_in_threadpool(require_model, context, options.model, options.adapt)
        if options.draft is None:
            source: UploadedFile | Draft = videos[0]
            video, masks = await _look(context, folder, videos[0], given, options)
        else:
            source = await run_in_threadpool(require_draft, context, principal, options.draft)
            video, masks = await context.prober.probe(
                folder,
                video=None,
                known=source.video,
                masks=name_masks(given),
                outputs=options.outputs or (),
            )
        return await run_in_threadpool(_save, once, options, (source, video), given, masks)


async def _look(
    context: ServiceContext,
    folder: Path,
    video: UploadedFile,
    given: list[FrameMask],
    options: SegmentOptions,
) -> tuple[ProbedVideo, list[ProbedMask]]:
    # Errors name files, so those get names that say something.
    video.path = video.path.rename(folder / "video")
    return await context.prober.probe(
        folder,
        video=video.path.name,
        masks=name_masks(given),
        outputs=options.outputs or (),
    )


def _save(
    once: IdempotentRequest,
    options: SegmentOptions,
    video: tuple[UploadedFile | Draft, ProbedVideo],
    given: list[FrameMask],
    masks: list[ProbedMask],
) -> Job:
    context, job_id = once.context, new_id()
    uploaded, probed = video
    shown_objects(masks)
    try:
        key = f"jobs/{job_id}/inputs/video{probed.suffix}"
        if isinstance(uploaded, Draft):
            _copy_draft(context, uploaded, key)
        else:
            move_into_store(context.store, uploaded.path, key)
        stems_key = None
        if probed.stems is not None:
            stems_key = f"jobs/{job_id}/inputs/stems.json"
            write_json(context.store, stems_key, probed.stems)
        request = SegmentRequest(
            video=VideoInput(
                key=key,
                name=uploaded.name,
                sha256=uploaded.sha256,
                bytes=uploaded.size,
                frames=probed.frames,
                seconds=probed.seconds,
                width=probed.width,
                height=probed.height,
                stems_key=stems_key,
            ),
            masks=store_masks(context, job_id, given, masks),
            outputs=list(options.outputs or ["masks"]),
            adapt=options.adapt,
            webhook_url=options.webhook_url,
            object_names=options.object_names,
        )
        return queue_job(once, job_id, request, options.model)
    except BaseException:
        context.store.delete(f"jobs/{job_id}")
        raise


def _copy_draft(context: ServiceContext, draft: Draft, key: str) -> None:
    try:
        copy_in_store(context.store, draft.key, key)
    except FileNotFoundError as error:
        raise not_found("draft", draft.id) from error


def queue_job(
    once: IdempotentRequest,
    job_id: str,
    request: SegmentRequest,
    model: str | None,
    parent_id: str | None = None,
) -> Job:
    """Insert a segmentation whose files are in place, and send it on its way."""
    context = once.context
    with context.database.session() as session:
        job = lifecycle.new_job(
            session,
            kind="segment",
            request=request.to_row(),
            key_id=once.principal.key_id,
            model=model,
            parent_id=parent_id,
            max_attempts=context.settings.max_attempts,
            retention_hours=context.settings.retention_hours,
            job_id=job_id,
        )
        once.record(session, job)
    context.relay.poke()
    context.announce(job)
    return job


def name_masks(given: list[FrameMask]) -> list[MaskFile]:
    """Rename mask files to `mask-<frame>.png`."""
    files = []
    for mask in given:
        file = mask.file
        file.path = file.path.rename(file.path.with_name(f"mask-{mask.frame}.png"))
        files.append(MaskFile(file.path.name, mask.frame, mask.objects))
    return files


def require_model(context: ServiceContext, name: str | None, adapt: bool = False) -> None:
    """Raise 422 unless there is such a model (None: the promoted one), fit to `adapt` if asked."""
    with context.database.reading() as session:
        info = registry.get_model(session, name or registry.promoted(session))
        known = "" if info else ", ".join(model.name for model in registry.list_models(session))
    if info is None:
        raise Problem(422, "model_not_found", f"model: expected one of {known}, got {name!r}")
    if adapt and not info.card["network"]["shared_encoder"]:
        raise Problem(
            422,
            "adapt_unavailable",
            f"adapt: expected a model with one encoder for queries and keys, {info.name} has two",
        )


def store_masks(
    context: ServiceContext,
    job_id: str,
    given: list[FrameMask],
    probed: list[ProbedMask],
) -> list[MaskInput]:
    """Move masks to their places; returns them as the job's request has them."""
    said = {mask.frame: mask for mask in probed}
    entries = []
    for mask in given:
        key = f"jobs/{job_id}/inputs/mask-{mask.frame}.png"
        move_into_store(context.store, mask.file.path, key)
        entries.append(MaskInput(key=key, sha256=mask.file.sha256, **asdict(said[mask.frame])))
    return entries


def shown_objects(masks: Sequence[MaskInput | ProbedMask]) -> set[int]:
    """The ids that are in some mask of a job.

    Raises:
        Problem: 422 `object_unknown` for an id that is only said to be absent.
    """
    shown = {i for mask in masks for i in set(mask.objects) - set(mask.absent)}
    unknown = sorted({i for mask in masks for i in mask.objects} - shown)
    if unknown:
        raise Problem(
            422, "object_unknown", f"objects: expected ids that some mask shows, got {unknown}"
        )
    return shown
