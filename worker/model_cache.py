"""The model in memory: loaded once, and again when another is asked for or promoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ctvos_jobs.database import Database
from ctvos_jobs.registry import ModelInfo
from ctvos_jobs.store import ArtifactStore
from worker.model_files import find_model, model_files
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
