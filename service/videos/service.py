"""Footage to train on, from upload to row."""

from functools import partial

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ctvos_core.errors import InputError
from ctvos_jobs import videos
from ctvos_jobs.api_keys import Principal
from ctvos_jobs.tables import Video, new_id
from service.context import ServiceContext
from service.jobs.quotas import require_room_for_bytes
from service.probe.prober import ProbedVideo
from service.upload.form import UploadedFile
from service.upload.into_store import move_into_store
from service.videos.receive import received_video


async def store_video(context: ServiceContext, principal: Principal, request: Request) -> Video:
    """Receive a video, look at it, and keep it.

    Raises:
        Problem, InputError: nothing of the request is kept.
    """
    room = partial(require_room_for_bytes, context, principal)
    async with received_video(context, request, room) as (file, probed):
        if probed.stems is not None:
            raise InputError(
                "video_format_unsupported",
                "video: expected mp4, mov, webm, mkv or avi to train on, got a zip",
            )
        return await run_in_threadpool(_save, context, principal, file, probed)


def _save(
    context: ServiceContext, principal: Principal, file: UploadedFile, probed: ProbedVideo
) -> Video:
    video_id = new_id()
    key = f"videos/{video_id}/video{probed.suffix}"
    try:
        move_into_store(context.store, file.path, key)
        with context.database.session() as session:
            return videos.add_video(
                session,
                name=file.name,
                key=key,
                sha256=file.sha256,
                size_bytes=file.size,
                width=probed.width,
                height=probed.height,
                frames=probed.frames,
                seconds=probed.seconds,
                key_id=principal.key_id,
                video_id=video_id,
            )
    except BaseException:
        context.store.delete(f"videos/{video_id}")
        raise
