"""What keeps things: disk, Redis, database, its schema, the clocks, the artifact store."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ctvos_cli.checks.finding import Finding, Verdict, examine

if TYPE_CHECKING:
    from ctvos_jobs.database import Database
    from ctvos_jobs.settings import Settings

_WORRYING_SECONDS = 5.0
_REFUSED_SECONDS = 600.0  # S3 refuses signatures that are 15 minutes off

Answer = tuple[Verdict, str, str]


def examine_stores(settings: Settings) -> list[Finding]:
    """All findings about what keeps things; nothing is made that is not there yet."""
    return [
        examine("disk", lambda: _disk(settings), f"make {settings.data_dir} writable"),
        examine("redis", lambda: _redis(settings), "start Redis, or correct CTVOS_REDIS_URL"),
        examine(
            "database",
            lambda: _database(settings),
            "start the database, or correct CTVOS_DATABASE_URL",
        ),
        examine("schema", lambda: _schema(settings), "see the database's finding"),
        examine("clock", lambda: _clock(settings), "see the findings of Redis and database"),
        examine(
            "store",
            lambda: _store(settings),
            "correct CTVOS_ARTIFACT_URL and CTVOS_ARTIFACT_OPTIONS, or the bucket's policy",
        ),
    ]


def _disk(settings: Settings) -> Answer:
    folder = settings.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        return "failed", f"{existing} cannot be written", f"let {_user()} write there"
    free, needed = shutil.disk_usage(existing).free, int(settings.min_free_bytes)
    found = f"{free / 1e9:.1f} GB free at {existing}"
    if free < needed:
        return (
            "failed",
            f"{found}, uploads are refused below {needed / 1e9:.1f} GB",
            "delete jobs, lower CTVOS_RETENTION_HOURS, or use a larger disk",
        )
    return "ok", found, ""


def _redis(settings: Settings) -> Answer:
    from ctvos_jobs.embedded_redis import RedisAddress, find_redis_server

    if settings.redis_url is None and not _private_redis_runs(settings):
        return "ok", f"private; {find_redis_server()} starts with `ctvos serve`", ""
    with RedisAddress.from_settings(settings).client() as client:
        info = cast(dict[str, object], client.info())
    policy = info.get("maxmemory_policy", "noeviction")
    found = f"Redis {info['redis_version']}, {info['used_memory_human']} used, {policy}"
    if policy != "noeviction":
        return "warning", found, "set maxmemory-policy noeviction: it may forget messages otherwise"
    return "ok", found, ""


def _database(settings: Settings) -> Answer:
    if (absent := _absent_sqlite(settings)) is not None:
        return "ok", f"{absent}: made at the first start", ""
    database = _open(settings)
    try:
        database.check()
    finally:
        database.dispose()
    return "ok", f"{settings.public()['database_url']}: can be written", ""


def _schema(settings: Settings) -> Answer:
    from ctvos_jobs.schema import newest_revision, schema_version

    if _absent_sqlite(settings) is not None:
        return "ok", f"none yet; this program makes {newest_revision()}", ""
    database = _open(settings)
    try:
        with database.reading() as session:
            version = schema_version(session)
    finally:
        database.dispose()
    if not version.known:
        return (
            "failed",
            f"tables of {version.current}, which this program does not know",
            "run the release that made them, or a newer one",
        )
    if version.current == version.newest:
        return "ok", version.newest, ""
    return (
        "warning",
        f"{version.current or 'no tables yet'}, this program works with {version.newest}",
        "none is needed: the next start migrates; back up first",
    )


def _clock(settings: Settings) -> Answer:
    from ctvos_jobs.database import now
    from ctvos_jobs.embedded_redis import RedisAddress

    offsets: dict[str, float] = {}
    if settings.database_url.startswith("postgresql"):
        database = _open(settings)
        try:
            with database.reading() as session:
                offsets["PostgreSQL"] = (datetime.now(UTC) - now(session)).total_seconds()
        finally:
            database.dispose()
    if settings.redis_url is not None:
        with RedisAddress.from_settings(settings).client() as client:
            seconds, microseconds = cast(tuple[int, int], client.time())
            offsets["Redis"] = time.time() - (seconds + microseconds / 1e6)
    if not offsets:
        return "ok", "everything is on this machine's clock", ""
    found = ", ".join(f"{value:+.1f} s from {name}" for name, value in offsets.items())
    worst = max(abs(value) for value in offsets.values())
    if worst < _WORRYING_SECONDS:
        return "ok", found, ""
    verdict: Verdict = "failed" if worst > _REFUSED_SECONDS else "warning"
    return verdict, found, "run an NTP client, such as chrony, on both machines"


def _store(settings: Settings) -> Answer:
    from ctvos_jobs.store import ArtifactStore

    url = settings.artifact_url
    if "://" not in url and not Path(url).exists():
        return "ok", f"{url}: made at the first start", ""
    store = ArtifactStore(url, settings.artifact_options)
    key, sent = f"uploads/doctor-{secrets.token_hex(8)}", secrets.token_bytes(1024)
    started = time.perf_counter()
    try:
        with store.open_write(key) as file:
            file.write(sent)
        with store.open_read(key) as file:
            back = file.read()
    finally:
        store.delete(key)
    if back != sent:
        return "failed", f"{url}: gave back something else than was written", "use another store"
    milliseconds = 1000 * (time.perf_counter() - started)
    return "ok", f"{url}: written, read and deleted in {milliseconds:.0f} ms", ""


def _open(settings: Settings) -> Database:
    from ctvos_jobs.database import Database

    return Database(settings.database_url)


def _absent_sqlite(settings: Settings) -> str | None:
    """The SQLite file that is not there yet; None: it is, or the database is PostgreSQL."""
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database or Path(url.database).exists():
        return None
    return url.database


def _private_redis_runs(settings: Settings) -> bool:
    import redis

    from ctvos_jobs.embedded_redis import RedisAddress

    with RedisAddress.from_settings(settings).client(1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _user() -> str:
    return f"user {os.getuid()}"
