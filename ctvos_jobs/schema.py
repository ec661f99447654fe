"""Which version of the tables a database has, and which this program brings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class SchemaVersion:
    """A database's tables beside what this program knows.

    Attributes:
        current: revision of the tables; None: there are none yet.
        newest: the revision that this program works with.
        known: whether this program knows `current`, and so how to get from it to `newest`.
    """

    current: str | None
    newest: str
    known: bool


def schema_version(session: Session) -> SchemaVersion:
    """The version of the tables that a session sees."""
    context = MigrationContext.configure(session.connection())
    current = context.get_current_revision()
    return SchemaVersion(current, newest_revision(), current is None or is_known(current))


def newest_revision() -> str:
    """The revision that this program works with."""
    newest = _scripts().get_current_head()
    if newest is None:
        raise RuntimeError(f"{MIGRATIONS}: expected migrations, found none")
    return newest


def is_known(revision: str) -> bool:
    """Whether this program has a migration of that name."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)
