"""Settings of the service: options of commands join the environment, where processes find them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvos_core.errors import InputError

if TYPE_CHECKING:
    from ctvos_jobs.database import Database
    from ctvos_jobs.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option(help="Folder for everything that is kept.  [default: ctvos-data]")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.  [default: 8000]")]


def require_service() -> None:
    """Raise InputError `service_missing` unless what the service needs is installed."""
    missing = [name for name in ("httpx", "pydantic_settings", "celery") if not find_spec(name)]
    if missing:
        raise InputError(
            "service_missing",
            f'expected {missing[0]} to be installed, it is not: pip install "ctvos[service]"',
        )


def settings_from(**options: object) -> Settings:
    """The settings; `options` that are not None win over the environment, here and in children.

    Raises:
        InputError: `settings_invalid`, `service_missing`.
    """
    require_service()
    from ctvos_jobs.settings import ENV_PREFIX, SettingsError, load_settings

    for name, value in options.items():
        if value is not None:
            os.environ[f"{ENV_PREFIX}{name.upper()}"] = str(value)
    try:
        return load_settings()
    except SettingsError as error:
        raise InputError("settings_invalid", "; ".join(str(error).splitlines())) from error


@contextmanager
def open_database(data_dir: Path | None) -> Iterator[tuple[Database, Settings]]:
    """The database of the settings, brought up to date, and the settings."""
    settings = settings_from(data_dir=data_dir)

    from ctvos_jobs.database import Database

    database = Database(settings.database_url)
    try:
        database.migrate()
        yield database, settings
    finally:
        database.dispose()
