"""An upload of a video alone, as drafts and footage arrive."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from service.context import ServiceContext
from service.http.problems import Problem
from service.probe.prober import ProbedVideo
from service.upload.form import FileRule, FormRules, UploadedFile
from service.upload.receive import check_headers, receive_form, upload_folder


@asynccontextmanager
async def received_video(
    context: ServiceContext, request: Request, require_room: Callable[[int], None]
) -> AsyncIterator[tuple[UploadedFile, ProbedVideo]]:
    """Receive the form's one field, `video`, and probe it; the file is deleted afterwards.

    Args:
        context: of the application.
        request: its body has not been read.
        require_room: raises if so many bytes are too many for the caller; run in a thread.

    Raises:
        Problem, InputError: the video is missing, too large or cannot be used.
    """
    settings = context.settings
    files = {"video": FileRule(1, int(settings.max_upload_bytes))}
    rules = FormRules(files, frozenset(), int(settings.min_free_bytes))
    boundary = check_headers(request, rules, context.uploads)
    declared = int(request.headers.get("content-length", 0))
    await run_in_threadpool(require_room, declared)
    async with upload_folder(context.uploads) as folder:
        count = context.meters.upload_bytes.inc
        form = await receive_form(request, boundary, folder, rules, count)
        if not form.files:
            raise Problem(422, "video_missing", "video: expected a file, got none")
        file = form.files[0]
        file.path = file.path.rename(folder / "video")
        probed, _ = await context.prober.probe(folder, video="video", masks=[])
        yield file, probed
