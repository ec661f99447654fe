"""The model in memory: loaded once, and again when another is asked for or promoted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ctvos_core.errors import InputError
from ctvos_jobs import registry
from ctvos_jobs.database import Database
from ctvos_jobs.registry import FILES, ModelInfo
from ctvos_jobs.store import ArtifactStore
from worker.scratch import Scratch

if TYPE_CHECKING:
    from ctvos_core.network.ctvos import CTVOS

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network with its place in the registry."""

    name: str
    digest: str
    """SHA-256 of the parameters."""
    network: CTVOS


class ModelCache:
    """Keeps the model that was used last."""

    def __init__(self, database: Database, store: ArtifactStore, scratch: Scratch) -> None:
        self._database, self._store, self._scratch = database, store, scratch
        self._kept: LoadedModel | None = None

    def get(self, name: str | None = None) -> LoadedModel:
        """A model by name; None: the one promoted now.

        Raises:
            InputError: `model_not_found`, or its files are damaged.
        """
        with self._database.reading() as session:
            name = name or registry.promoted(session)
            info = registry.get_model(session, name)
        if info is None:
            raise InputError(
                "model_not_found", f"{name}: expected a model in the registry, found none"
            )
        if self._kept is None or (self._kept.name, self._kept.digest) != (name, info.digest):
            self._kept = None  # two at a time would need twice the memory
            self._kept = self._load(info)
            _log.info("model_loaded", model=name, digest=info.digest)
        return self._kept

    def _load(self, info: ModelInfo) -> LoadedModel:
        from ctvos_core.weights import load_model

        if info.prefix is None:
            return LoadedModel(info.name, info.digest, load_model(info.name))
        local = self._store.local_path(info.prefix)
        if local is not None:
            return LoadedModel(info.name, info.digest, load_model(local))
        with self._scratch.folder() as folder:
            for file in FILES:
                self._store.get_file(f"{info.prefix}/{file}", Path(folder) / file)
            return LoadedModel(info.name, info.digest, load_model(folder))
