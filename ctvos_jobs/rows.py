"""Rows of any table as JSON and back, the same for every kind of database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Table, null


def to_json(table: Table, row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row by column name; times become ISO 8601 in UTC."""
    return {column.name: _plain(row[column.name]) for column in table.columns}


def from_json(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """What `to_json` made, as the columns of a table take it."""
    return {column.name: _typed(column.type, row[column.name]) for column in table.columns}


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.isoformat()


def _typed(kind: object, value: Any) -> Any:
    if value is None:
        # A JSON column would otherwise hold the word `null`.
        return null() if isinstance(kind, JSON) else None
    return datetime.fromisoformat(value) if isinstance(kind, DateTime) else value
