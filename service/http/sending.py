"""Files of the store as responses: entity tags, ranges, and names for saving."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from ctvos_jobs.store import ArtifactStore
from service.http.problems import Problem

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class StoredFile:
    """A file that is there: its key, size in bytes, and how it is sent."""

    key: str
    size: int
    media_type: str
    name: str
    inline: bool


def send_file(request: Request, store: ArtifactStore, file: StoredFile) -> Response:
    """Answer 200, 206, 304 or 416.

    A key names one attempt at one job, and what is written under it never changes, so its digest
    is a strong entity tag.

    Raises:
        Problem: 416.
    """
    tag = f'"{hashlib.sha256(f"{file.key}:{file.size}".encode()).hexdigest()[:32]}"'
    how = "inline" if file.inline else "attachment"
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name)}",
    }
    if _matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    first, last, status = 0, file.size - 1, 200
    if_range = request.headers.get("if-range")
    asked = request.headers.get("range") if if_range in (None, tag) else None
    if asked and (span := _parse_range(asked, file.size)) is not None:
        first, last = span
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    headers["Content-Length"] = str(last - first + 1)
    content = store.iter(file.key, first, last + 1)
    return StreamingResponse(content, status, headers, file.media_type)


def _matches(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    tags = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in tags or tag in tags


def _parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None for what may be ignored: several ranges, or no range at all."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        span = max(0, size - int(last)), size - 1
    else:
        span = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if span[0] >= size or not size:
        raise Problem(
            416,
            "range_not_satisfiable",
            f"expected a range within {size} bytes, got {header[:50]!r}",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return span
