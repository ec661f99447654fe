"""The tables come to be, whoever starts first, and are those of the code."""

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from ctvos_jobs.database import Database
from ctvos_jobs.tables import Base

MIGRATE = "import sys; from ctvos_jobs.database import Database; Database(sys.argv[1]).migrate()"


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, database_url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, "\n".join(errors)


def test_migrations_make_the_tables_of_the_code(database: Database, database_url: str) -> None:
    database.migrate()  # nothing is left to do
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()
