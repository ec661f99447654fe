"""What every job of a process shares."""

from __future__ import annotations

import os
import re
import socket
import threading
from dataclasses import dataclass, field

import redis

from ctvos_jobs.database import Database
from ctvos_jobs.embedded_redis import RedisAddress
from ctvos_jobs.settings import Settings
from ctvos_jobs.store import ArtifactStore
from worker.model_cache import ModelCache
from worker.scratch import Scratch


@dataclass(frozen=True, eq=False)
class WorkerContext:
    """Database, store, events, models and scratch space of one process."""

    settings: Settings
    database: Database
    store: ArtifactStore
    redis: redis.Redis
    scratch: Scratch
    models: ModelCache
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the process is to end: the job at hand is given back."""

    @property
    def owner(self) -> str:
        """Host and process, as jobs name who runs them."""
        return f"{socket.gethostname()}:{os.getpid()}"

    def without_folders(self, text: str) -> str:
        """Files by their names alone: where this machine keeps them is no matter of clients."""
        for folder in (self.scratch.path, self.store.local_path("jobs")):
            if folder is not None:
                text = re.sub(rf"{re.escape(str(folder))}/(\S*/)?", "", text)
        return text

    def close(self) -> None:
        """Close connections and delete scratch files."""
        self.scratch.remove()
        self.redis.close()
        self.database.dispose()


def open_context(settings: Settings) -> WorkerContext:
    """Connect to everything; the database is brought to its newest version."""
    database = Database(settings.database_url)
    database.migrate()
    store = ArtifactStore(settings.artifact_url, settings.artifact_options)
    scratch = Scratch()
    return WorkerContext(
        settings=settings,
        database=database,
        store=store,
        redis=RedisAddress.from_settings(settings).client(),
        scratch=scratch,
        models=ModelCache(database, store, scratch),
    )
