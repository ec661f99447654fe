"""Videos that are uploaded before a mask of them is drawn.

A draft is a folder among the uploads of the store, with the video and what is known of it. It goes
as abandoned uploads do, a day after it came; a job that is made from it has a video of its own.
"""

import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ctvos_jobs.api_keys import Principal
from ctvos_jobs.tables import new_id
from service.context import ServiceContext
from service.http.problems import Problem, not_found
from service.jobs.quotas import require_room_for_bytes
from service.jobs.service import owner
from service.probe.frame_cache import require_frame
from service.probe.prober import ProbedVideo
from service.upload.form import UploadedFile
from service.upload.into_store import move_into_store, read_json, write_json
from service.videos.receive import received_video

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Draft:
    """A video without masks.

    Attributes:
        id: 32 hexadecimal digits.
        key: of its file in the store.
        name: as the client calls it.
        size: bytes.
        sha256: of the file, hexadecimal.
        video: what is known of it.
    """

    id: str
    key: str
    name: str
    size: int
    sha256: str
    video: ProbedVideo


async def store_draft(context: ServiceContext, principal: Principal, request: Request) -> Draft:
    """Receive a video, look at it, and keep it for a day.

    Raises:
        Problem, InputError: nothing of the request is kept.
    """
    room = partial(_require_room, context, principal)
    async with received_video(context, request, room) as (file, probed):
        return await run_in_threadpool(_save, context, principal, file, probed)


def require_draft(context: ServiceContext, principal: Principal, draft_id: str) -> Draft:
    """A draft, or 404 when there is none or it is another key's."""
    if not _ID.fullmatch(draft_id):
        raise not_found("draft", draft_id)
    try:
        found = read_json(context.store, f"uploads/{draft_id}/draft.json")
    except FileNotFoundError as error:
        raise not_found("draft", draft_id) from error
    if found.pop("key_id") != principal.key_id and owner(principal) is not None:
        raise not_found("draft", draft_id)
    return Draft(**{**found, "video": ProbedVideo(**found["video"])})


async def draft_frame(context: ServiceContext, draft: Draft, frame: int) -> bytes:
    """A frame of a draft, as JPEG.

    Raises:
        Problem: 404 `frame_not_found`.
        InputError: it cannot be decoded.
    """
    video = draft.video
    require_frame(frame, video.frames)
    try:
        return await context.frames.frame(draft.key, frame, video.width * video.height)
    except FileNotFoundError as error:
        raise Problem(410, "draft_expired", "The video of this draft is deleted.") from error


def _require_room(context: ServiceContext, principal: Principal, incoming: int) -> None:
    """As other uploads, with the key's drafts on top of what counts anyway."""
    drafted = 0
    for name in context.store.children("uploads"):
        with suppress(FileNotFoundError):  # an upload on its way, or one that has just gone
            found = read_json(context.store, f"uploads/{name}/draft.json")
            drafted += found["size"] if found["key_id"] == principal.key_id else 0
    require_room_for_bytes(context, principal, drafted + incoming)


def _save(
    context: ServiceContext, principal: Principal, file: UploadedFile, probed: ProbedVideo
) -> Draft:
    draft_id = new_id()
    key = f"uploads/{draft_id}/video{probed.suffix}"
    draft = Draft(draft_id, key, file.name, file.size, file.sha256, probed)
    try:
        move_into_store(context.store, file.path, key)
        write_json(
            context.store,
            f"uploads/{draft_id}/draft.json",
            {**asdict(draft), "key_id": principal.key_id},
        )
    except BaseException:
        context.store.delete(f"uploads/{draft_id}")
        raise
    return draft
