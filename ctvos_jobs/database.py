"""The database: SQLite in the data folder, or PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from ctvos_jobs.schema import MIGRATIONS

_MIGRATION_LOCK = 0x63_74_76_6F_73  # "ctvos"
_BUSY_SECONDS = 10


class Database:
    """Sessions on one database.

    Safe to share between threads; each process makes its own.

    Args:
        url: SQLAlchemy URL, `sqlite:///...` or `postgresql+psycopg://...`. The folder of an SQLite
            file is created.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        if sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # More connections than the API has threads, so that none waits for another's.
        self._engine = create_engine(parsed, pool_size=10, max_overflow=40, pool_pre_ping=True)
        if sqlite:
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._reading_engine = self._engine.execution_options(
            ctvos_reading=True, **({} if sqlite else {"postgresql_readonly": True})
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end, rolled back on an exception.

        On SQLite it holds the write lock from its first statement on, so keep it short and do
        nothing slow inside. Objects stay usable after the end.
        """
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads: it never waits for writers, nor they for it."""
        with Session(self._reading_engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to a version, the newest; several processes may do so at once."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        # Every start of every process comes by here: three lines each that say nothing new.
        logging.getLogger("alembic").setLevel(logging.WARNING)
        # One transaction under a lock: whoever comes second finds nothing left to do.
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    def check(self) -> None:
        """Raise sqlalchemy's DBAPIError unless the database can be written to now."""
        with self.session() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def now(session: Session) -> datetime:
    """The time by which leases are measured, in UTC.

    On PostgreSQL it is the server's, because the clocks of several hosts may differ.
    """
    if session.get_bind().dialect.name == "postgresql":
        return session.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
    return datetime.now(UTC)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins transactions
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that starts by reading and then writes fails at once if another has written in
    # between, whatever the busy timeout; one that takes the lock first waits instead.
    reading = connection.get_execution_options().get("ctvos_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
