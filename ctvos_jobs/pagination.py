"""Lists in pages, newest first, where every row turns up exactly once."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

from ctvos_core.errors import InputError
from ctvos_jobs.tables import Job, Video

Row = TypeVar("Row", Job, Video)


def newest_first(
    session: Session, query: Select[Row], table: type[Row], limit: int, cursor: str | None
) -> tuple[Sequence[Row], str | None]:
    """A page of `query`, and the cursor of the next one (None: this was the last).

    Rows added meanwhile come before the first page, so they disturb none.

    Raises:
        InputError: `cursor_invalid`, `limit_invalid`.
    """
    if limit < 1:
        raise InputError("limit_invalid", f"limit: expected at least 1, got {limit}")
    if cursor is not None:
        query = query.where(tuple_(table.created_at, table.id) < tuple_(*_decode(cursor)))
    query = query.order_by(table.created_at.desc(), table.id.desc()).limit(limit + 1)
    rows = session.scalars(query).all()
    more = len(rows) > limit
    return rows[:limit], _encode(rows[limit - 1]) if more else None


def _encode(row: Job | Video) -> str:
    text = f"{row.created_at.isoformat()}|{row.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        created, identifier = text.split("|")
        at = datetime.fromisoformat(created)
        if at.tzinfo is None:
            raise ValueError("no time zone")
    except (ValueError, binascii.Error) as error:
        raise InputError(
            "cursor_invalid", f"cursor: expected one that a list returned, got {cursor[:80]!r}"
        ) from error
    return at, identifier
