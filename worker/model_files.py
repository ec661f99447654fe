"""Where the files of a model in the registry can be read on this machine."""

from __future__ import annotations

from pathlib import Path

from ctvos_core.errors import InputError
from ctvos_jobs import registry
from ctvos_jobs.database import Database
from ctvos_jobs.registry import FILES, ModelInfo
from ctvos_jobs.store import ArtifactStore


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
