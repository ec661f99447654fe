"""Frames of videos as responses."""

from typing import Any

from fastapi import Response

from service.http.openapi import binary

FRAME_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: binary("The frame, as it is displayed.", "image/jpeg")
}
_NEVER_CHANGES = {"Cache-Control": "private, max-age=3600", "Vary": "Authorization"}


def frame_response(data: bytes) -> Response:
    """A JPEG that browsers may keep: frames of a stored video do not change."""
    return Response(data, media_type="image/jpeg", headers=_NEVER_CHANGES)
