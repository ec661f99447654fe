"""`ctvos backup` and `ctvos restore`: all that a service knows, in a folder and back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvos_cli.settings import DataDir, settings_from
from ctvos_core.errors import InputError

if TYPE_CHECKING:
    from ctvos_jobs.backup import Manifest

_SECRET = "webhook_secret"

Folder = Annotated[Path, typer.Argument(help="Folder of the backup.")]
Jobs = Annotated[
    list[str] | None,
    typer.Option("--job", help="Of finished jobs, keep the files of this one only; repeatable."),
]
NoJobs = Annotated[bool, typer.Option("--no-jobs", help="Keep no files of finished jobs.")]


def backup(
    folder: Folder, job: Jobs = None, no_jobs: NoJobs = False, data_dir: DataDir = None
) -> None:
    """Copy database, models, footage and jobs' files to a new folder; the service may run.

    Files of unfinished jobs are always in it. It holds hashes of API keys and the secret of
    webhooks: keep it as you keep these.
    """
    settings = settings_from(data_dir=data_dir)
    if job and no_jobs:
        raise InputError("jobs_contradict", "expected --job or --no-jobs, got both")

    from ctvos_jobs.backup import back_up
    from ctvos_jobs.database import Database
    from ctvos_jobs.store import ArtifactStore

    database = Database(settings.database_url)
    try:
        database.migrate()
        store = ArtifactStore(settings.artifact_url, settings.artifact_options)
        secret = settings.data_dir / _SECRET
        extra = {_SECRET: secret} if secret.is_file() else {}
        manifest = back_up(database, store, folder, [] if no_jobs else job, extra)
    finally:
        database.dispose()
    typer.echo(f"{folder}: {_summary(manifest)}")


def restore(folder: Folder, data_dir: DataDir = None) -> None:
    """Put a backup into an empty database and the store; stop the service first.

    Database and store may be of another kind than those that were backed up.
    """
    settings = settings_from(data_dir=data_dir)

    from ctvos_jobs import backup as backups
    from ctvos_jobs.database import Database
    from ctvos_jobs.store import ArtifactStore

    backups.read_manifest(folder)  # before a database is made
    database = Database(settings.database_url)
    try:
        store = ArtifactStore(settings.artifact_url, settings.artifact_options)
        manifest = backups.restore(database, store, folder)
    finally:
        database.dispose()
    if _SECRET in manifest.files:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / _SECRET, settings.data_dir / _SECRET)
        (settings.data_dir / _SECRET).chmod(0o600)
    typer.echo(f"{folder}: restored {_summary(manifest)}")


def _summary(manifest: Manifest) -> str:
    files = sum(name.startswith("store/") for name in manifest.files)
    return (
        f"{sum(manifest.rows.values())} rows, {files} files, files of {len(manifest.jobs)} jobs, "
        f"{manifest.size} bytes"
    )
