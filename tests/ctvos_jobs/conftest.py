"""Real parts: both databases, Redis, a store in a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from job_rows import NewJob
from sqlalchemy import create_engine, text

from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.embedded_redis import EmbeddedRedis
from ctvos_jobs.settings import Settings, load_settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Base, Job


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CTVOS_{name.upper()}", raising=False)
    return load_settings(data_dir=tmp_path / "data", lease_seconds=60)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'ctvos.db'}"
        return
    url = request.getfixturevalue("postgresql_url")
    yield url
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """SQLite, then PostgreSQL."""
    database = Database(database_url)
    database.migrate()
    yield database
    database.dispose()


@pytest.fixture
def sqlite(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    database.migrate()
    yield database
    database.dispose()


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(settings.artifact_url)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def new_job() -> NewJob:
    """Adds a job: `new_job(database, **fields)`."""

    def add(database: Database, **fields: object) -> Job:
        request = {"video": {"bytes": 100}, "masks": [], "outputs": ["masks", "coco"]}
        defaults = {"kind": "segment", "request": request, "max_attempts": 3}
        with database.session() as session:
            return lifecycle.new_job(session, **{**defaults, **fields})

    return add
