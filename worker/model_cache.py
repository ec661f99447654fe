"""Models of the registry on this machine: their files, and the one kept in memory."""

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


def find_model(database: Database, name: str | None = None) -> ModelInfo:
    """A model by name; None: the one promoted now.

    Raises:
        InputError: `model_not_found`.
    """
    with database.reading() as session:
        name = name or registry.promoted(session)
        info = registry.get_model(session, name)
    if info is None:
        raise InputError("model_not_found", f"{name}: expected a model in the registry, found none")
    return info


def model_files(info: ModelInfo, store: ArtifactStore, folder: Path) -> str | Path:
    """What `ctvos_core.weights` loads the model by: a packaged model's name or a model folder.

    Args:
        info: the model.
        store: where its files are.
        folder: filled with copies if the store is not on this machine.
    """
    if info.prefix is None:
        return info.name
    local = store.local_path(info.prefix)
    if local is not None:
        return local
    for file in FILES:
        store.get_file(f"{info.prefix}/{file}", folder / file)
    return folder


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
        info = find_model(self._database, name)
        if self._kept is None or (self._kept.name, self._kept.digest) != (info.name, info.digest):
            self._kept = None  # two at a time would need twice the memory
            self._kept = self._load(info)
            _log.info("model_loaded", model=info.name, digest=info.digest)
        return self._kept

    def _load(self, info: ModelInfo) -> LoadedModel:
        from ctvos_core.weights import load_model

        with self._scratch.folder() as folder:
            network = load_model(model_files(info, self._store, folder))
        return LoadedModel(info.name, info.digest, network)
