"""Backups: a folder with the rows of all tables and the chosen files of the store.

`manifest.json` names the version of the tables, and size and SHA-256 of every file; `tables/` has
one JSON line for each row; `store/` has files under the keys of the store. Nothing in it depends on
the kind of database or store, so a backup of SQLite and a folder restores to PostgreSQL and S3.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, MetaData, Table, func, select, text
from sqlalchemy.orm import Session

from ctvos_core.errors import InputError
from ctvos_jobs.database import Database
from ctvos_jobs.rows import from_json, to_json
from ctvos_jobs.schema import is_known, schema_version
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import TERMINAL

FORMAT = 1
_MANIFEST = "manifest.json"
_BATCH = 500
_VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        format: of the folder; `FORMAT` is the one that this program writes and reads.
        made_at: ISO 8601, in UTC.
        revision: version of the tables.
        rows: number of rows by table.
        jobs: ids of the jobs whose files are in it.
        files: `[bytes, SHA-256]` by path in the folder.
    """

    format: int
    made_at: str
    revision: str
    rows: dict[str, int]
    jobs: list[str]
    files: dict[str, list[Any]]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for size, _ in self.files.values())


def back_up(
    database: Database,
    store: ArtifactStore,
    folder: Path,
    jobs: Collection[str] | None = None,
    extra: dict[str, Path] | None = None,
) -> Manifest:
    """Copy all rows, all models and footage, and the files of jobs to a new folder.

    The service may run meanwhile: the rows are those of one moment. Files of unfinished jobs are
    always kept, so that these go on after a restore.

    Args:
        database: read in one transaction.
        store: where the files are.
        folder: absent or empty; it appears when it is complete, readable by its owner only.
        jobs: ids of the finished jobs whose files are kept; None: of all.
        extra: files that are in neither, by their name in the backup.

    Raises:
        InputError: `backup_exists`, `job_not_found`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("backup_exists", f"{folder}: expected an empty or new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        manifest = _write(database, store, partial, jobs, extra or {})
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says it holds; its files are not looked at.

    Raises:
        InputError: `backup_invalid`, `backup_too_new`.
    """
    try:
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            "backup_invalid", f"{folder / _MANIFEST}: expected that of a backup: {error}"
        ) from error
    if manifest.format != FORMAT or not is_known(manifest.revision):
        raise InputError(
            "backup_too_new",
            f"{folder}: expected format {FORMAT} and tables this program knows, got format "
            f"{manifest.format} and tables of {manifest.revision}; restore with a newer release",
        )
    return manifest


def restore(database: Database, store: ArtifactStore, folder: Path) -> Manifest:
    """Put a backup into a database without rows, and its files into the store.

    Files are checked first and rows come last, in one transaction: a restore that failed can be
    tried again. Finished jobs whose files are not in the backup become `expired`. The service must
    not run meanwhile, because it deletes files of which it knows no job.

    Raises:
        InputError: as `read_manifest`; `backup_damaged`; `database_not_empty`.
    """
    manifest = read_manifest(folder)
    for name, (size, digest) in manifest.files.items():
        _check_file(folder, name, size, digest)
    database.migrate(manifest.revision)
    with database.session() as session:
        tables = _tables(session.connection())
        _require_empty(session, tables)
    for name in manifest.files:
        if name.startswith("store/"):
            store.put_file(folder / name, name.removeprefix("store/"))
    with database.session() as session:
        _require_empty(session, tables)
        connection = session.connection()
        for table in tables:
            _insert(connection, table, folder / "tables" / f"{table.name}.jsonl")
            _continue_numbers(connection, table)
        _expire_jobs_without_files(connection, tables, manifest.jobs)
    database.migrate()
    return manifest


def _write(
    database: Database,
    store: ArtifactStore,
    folder: Path,
    jobs: Collection[str] | None,
    extra: dict[str, Path],
) -> Manifest:
    files: dict[str, list[Any]] = {}
    rows: dict[str, int] = {}
    statuses: dict[str, str] = {}
    (folder / "tables").mkdir()
    with database.reading() as session:
        if session.get_bind().dialect.name == "postgresql":  # SQLite always reads one moment
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        revision = schema_version(session).current
        for table in _tables(session.connection()):
            name = f"tables/{table.name}.jsonl"
            with (folder / name).open("w", encoding="utf-8") as file:
                rows[table.name] = _dump(session, table, file, statuses)
            files[name] = _facts(folder / name)
    unknown = sorted(set(jobs or ()) - set(statuses))
    if unknown:
        raise InputError("job_not_found", f"{unknown[0]}: expected the id of a job, found none")
    kept = [
        job
        for job, status in sorted(statuses.items())
        if status not in TERMINAL or (status != "expired" and (jobs is None or job in jobs))
    ]
    for prefix in ("models", "videos", *(f"jobs/{job}" for job in kept)):
        for key in store.list(prefix):
            with suppress(FileNotFoundError):  # deleted since; its row says so after the restore
                store.get_file(key, folder / "store" / key)
                files[f"store/{key}"] = _facts(folder / "store" / key)
    for name, path in extra.items():
        shutil.copyfile(path, folder / name)
        files[name] = _facts(folder / name)
    manifest = Manifest(FORMAT, datetime.now(UTC).isoformat(), str(revision), rows, kept, files)
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
    return manifest


def _tables(connection: Connection) -> list[Table]:
    """The tables as they are, which may be older than those of this program."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != _VERSION_TABLE]


def _dump(session: Session, table: Table, file: IO[str], statuses: dict[str, str]) -> int:
    count = 0
    for row in session.execute(select(table)).yield_per(_BATCH).mappings():
        if table.name == "jobs":
            statuses[row["id"]] = row["status"]
        file.write(json.dumps(to_json(table, row)) + "\n")
        count += 1
    return count


def _insert(connection: Connection, table: Table, path: Path) -> None:
    for batch in _batches(path):
        connection.execute(table.insert(), [from_json(table, row) for row in batch])


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    batch = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            batch.append(json.loads(line))
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let PostgreSQL count on from the rows that are there; SQLite does so by itself."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    highest = connection.execute(select(func.max(column))).scalar()
    if highest is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(select(func.setval(sequence, highest)))


def _expire_jobs_without_files(
    connection: Connection, tables: list[Table], kept: list[str]
) -> None:
    jobs = next(table for table in tables if table.name == "jobs")
    finished = connection.execute(
        select(jobs.c.id).where(jobs.c.status.in_(TERMINAL - {"expired"}))
    ).scalars()
    lost = [{"lost": job} for job in set(finished) - set(kept)]
    if lost:
        connection.execute(
            text("UPDATE jobs SET status = 'expired', stored_bytes = 0 WHERE id = :lost"), lost
        )


def _require_empty(session: Session, tables: list[Table]) -> None:
    for table in tables:
        count = session.execute(select(func.count()).select_from(table)).scalar_one()
        if count:
            raise InputError(
                "database_not_empty",
                f"{table.name}: expected a database without rows to restore to, got {count}",
            )


def _facts(path: Path) -> list[Any]:
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _check_file(folder: Path, name: str, size: int, digest: str) -> None:
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise InputError("backup_damaged", f"{name!r}: expected a path inside the backup")
    try:
        found = _facts(folder / name)
    except OSError as error:
        raise InputError("backup_damaged", f"{folder / name}: {error.strerror}") from error
    if found != [size, digest]:
        raise InputError(
            "backup_damaged",
            f"{folder / name}: expected {size} bytes with SHA-256 {digest}, "
            f"got {found[0]} with {found[1]}",
        )
