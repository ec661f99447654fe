"""The store of footage to train on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ctvos_jobs.database import now
from ctvos_jobs.pagination import newest_first
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Video, new_id


def add_video(
    session: Session,
    *,
    name: str,
    key: str,
    sha256: str,
    size_bytes: int,
    width: int,
    height: int,
    frames: int | None = None,
    seconds: float | None = None,
    key_id: str | None = None,
    video_id: str | None = None,
) -> Video:
    """Record a video whose file is in the store already.

    Args:
        session: a writing one.
        name: as the client calls it.
        key: where the file lies, `videos/<id>/video<suffix>`.
        sha256: of the file, in hexadecimal.
        size_bytes: of the file.
        width: in pixels, as displayed.
        height: in pixels, as displayed.
        frames: how many, about; None: unknown.
        seconds: how long; None: unknown.
        key_id: whose it is.
        video_id: the id in `key`; None makes one.
    """
    video = Video(
        id=video_id or new_id(),
        name=name,
        key=key,
        sha256=sha256,
        bytes=size_bytes,
        frames=frames,
        width=width,
        height=height,
        seconds=seconds,
        key_id=key_id,
        created_at=now(session),
    )
    session.add(video)
    session.flush()
    return video


def list_videos(
    session: Session, *, key_id: str | None = None, limit: int = 50, cursor: str | None = None
) -> tuple[Sequence[Video], str | None]:
    """Videos, newest first, and the cursor of the next page (None: no more).

    Raises:
        InputError: `cursor_invalid`, `limit_invalid`.
    """
    query = select(Video)
    if key_id is not None:
        query = query.where(Video.key_id == key_id)
    return newest_first(session, query, Video, limit, cursor)


def get_video(session: Session, video_id: str, key_id: str | None = None) -> Video | None:
    """A video; with `key_id` only if it belongs to that key."""
    video = session.get(Video, video_id)
    return None if video is None or (key_id is not None and video.key_id != key_id) else video


def delete_video(
    session: Session, store: ArtifactStore, video_id: str, key_id: str | None = None
) -> bool:
    """Delete a video and its file; False: there is no such video."""
    video = get_video(session, video_id, key_id)
    if video is None:
        return False
    session.delete(video)
    session.flush()
    store.delete(f"videos/{video_id}")
    return True
