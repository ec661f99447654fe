"""Multipart forms received straight to disk: constant memory, hashed, limited, cleaned up."""

import asyncio
import errno
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.http.problems import Problem
from service.upload.form import Form, FormRules
from service.upload.receiver import FormReceiver, require_free_disk

STALL_SECONDS = 60
_WRITE_BYTES = 1 << 20


@asynccontextmanager
async def upload_folder(parent: Path) -> AsyncIterator[Path]:
    """A new folder for one request, removed with all that is still in it at the end."""
    folder = parent / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def check_headers(request: Request, rules: FormRules, folder: Path) -> bytes:
    """Refuse a request by its headers alone, before any of its body is read.

    Returns:
        The multipart boundary.

    Raises:
        Problem: 415, 413 or 507.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        came = kind.decode("latin-1") or "none"
        raise Problem(
            415,
            "unsupported_media_type",
            f"expected Content-Type multipart/form-data with a boundary, got {came}",
        )
    declared = request.headers.get("content-length", "")
    length = int(declared) if re.fullmatch(r"\d{1,18}", declared) else 0
    if length > rules.max_body_bytes:
        raise Problem(
            413,
            "request_too_large",
            f"expected a body of at most {rules.max_body_bytes} bytes, got {length}",
        )
    require_free_disk(folder, rules.min_free_bytes + length)
    return options[b"boundary"]


async def receive_form(
    request: Request,
    boundary: bytes,
    folder: Path,
    rules: FormRules,
    on_bytes: Callable[[int], None],
) -> Form:
    """Read a multipart body into a folder.

    Args:
        request: its body has not been touched.
        boundary: what `check_headers` returned.
        folder: where files go, named `part-0`, `part-1`, ...
        rules: what is allowed.
        on_bytes: told of every piece that arrived.

    Raises:
        Problem: 400 malformed, 408 stalled, 413 too large, 422 unknown fields or too
            many files, 507.
        ClientDisconnect: the client went away.
    """
    receiver = FormReceiver(folder, rules)
    chunks = request.stream().__aiter__()
    try:
        parser = MultipartParser(boundary, receiver.callbacks())
        while True:
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            on_bytes(len(chunk))
            receiver.count(len(chunk))
            parser.write(chunk)
            if receiver.pending_bytes >= _WRITE_BYTES:
                await run_in_threadpool(receiver.write_pending)
        parser.finalize()
        await run_in_threadpool(receiver.write_pending)
    except FormParserError as error:
        raise Problem(400, "malformed_form", f"The multipart body is malformed: {error}") from error
    except TimeoutError as error:
        raise Problem(
            408, "upload_stalled", f"No byte of the body came for {STALL_SECONDS} seconds."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem(507, "disk_full", "The server's disk is full.") from error
        raise
    finally:
        receiver.close()
    if not receiver.is_complete:
        raise Problem(400, "malformed_form", "The multipart body ends before its last boundary.")
    return receiver.form
