"""The models that jobs can use: the packaged one, and those trained or imported."""

from __future__ import annotations

import functools
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ctvos_core.errors import InputError
from ctvos_core.weights.card import DEFAULT_MODEL, read_card, read_model
from ctvos_jobs.database import now
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Model

FILES = ("model.safetensors", "card.json")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ModelInfo:
    """A model in the registry."""

    name: str
    digest: str
    """SHA-256 of `model.safetensors`."""
    card: dict[str, Any]
    promoted: bool
    """Whether jobs that ask for no model get this one."""
    created_at: datetime | None
    """None: it came with the package."""
    prefix: str | None
    """The folder in the store where `FILES` lie; None: they are in the package."""


def list_models(session: Session) -> list[ModelInfo]:
    """All models: the packaged one first, then by name."""
    current = promoted(session)
    rows = session.scalars(select(Model).where(Model.name != DEFAULT_MODEL).order_by(Model.name))
    return [_packaged(current), *(_info(row, current) for row in rows)]


def get_model(session: Session, name: str) -> ModelInfo | None:
    """A model; None: there is no such."""
    current = promoted(session)
    if name == DEFAULT_MODEL:
        return _packaged(current)
    row = session.get(Model, name)
    return _info(row, current) if row else None


def promoted(session: Session) -> str:
    """Name of the model that jobs get which ask for none."""
    query = select(Model.name).where(Model.promoted_at.is_not(None))
    name = session.scalars(query.order_by(Model.promoted_at.desc(), Model.name).limit(1)).first()
    return name or DEFAULT_MODEL


def promote(session: Session, name: str) -> ModelInfo:
    """Let jobs that ask for no model get this one from now on; running ones keep theirs.

    Raises:
        InputError: `model_not_found`.
    """
    row = session.get(Model, name)
    if row is None:
        if name != DEFAULT_MODEL:
            known = ", ".join(info.name for info in list_models(session))
            raise InputError("model_not_found", f"{name}: expected one of these models: {known}")
        card = packaged_card()
        row = Model(name=name, digest=card["digest"], card=card, created_at=now(session))
        session.add(row)
    row.promoted_at = now(session)
    session.flush()
    return _packaged(name) if name == DEFAULT_MODEL else _info(row, name)


def import_model(session: Session, store: ArtifactStore, folder: Path, name: str) -> ModelInfo:
    """Add the model in a folder under a new name.

    Raises:
        InputError: as `register`.
    """
    return register(session, store, name=name, folder=folder)


def register(
    session: Session,
    store: ArtifactStore,
    *,
    name: str,
    folder: Path,
    job_id: str | None = None,
) -> ModelInfo:
    """Check a model folder, copy it into the store and list it.

    Args:
        session: a writing one.
        store: where `models/<name>` is written.
        name: lower-case letters, digits, `.`, `_` and `-`. A name that is taken is refused, unless
            the same job has taken it in an earlier attempt.
        folder: has `FILES`.
        job_id: the training job that made it.

    Raises:
        InputError: `model_name_invalid`, `model_exists`, `model_incomplete`, `model_card_invalid`,
            `model_damaged`.
    """
    check_name(name)
    card = asdict(read_model(folder)[0])
    row = session.get(Model, name)
    if row is not None and (job_id is None or row.job_id != job_id):
        raise InputError("model_exists", f"{name}: expected a new name, got that of a model")
    for file in FILES:
        store.put_file(folder / file, f"models/{name}/{file}")
    if row is None:
        row = Model(name=name, job_id=job_id, created_at=now(session))
        session.add(row)
    row.digest, row.card = card["digest"], card
    session.flush()
    return _info(row, promoted(session))


def check_name(name: str) -> None:
    """Raise InputError `model_name_invalid` unless a new model may be called so."""
    if not _NAME.fullmatch(name) or name == DEFAULT_MODEL:
        raise InputError(
            "model_name_invalid",
            "model name: expected up to 64 lower-case letters, digits and . _ - (other than "
            f"{DEFAULT_MODEL!r}), got {name[:80]!r}",
        )


@functools.cache
def packaged_card() -> dict[str, Any]:
    """The card of the packaged model."""
    return asdict(read_card(DEFAULT_MODEL))


def _packaged(current: str) -> ModelInfo:
    card = packaged_card()
    name = DEFAULT_MODEL
    return ModelInfo(name, card["digest"], card, name == current, created_at=None, prefix=None)


def _info(row: Model, current: str) -> ModelInfo:
    prefix = f"models/{row.name}"
    return ModelInfo(row.name, row.digest, row.card, row.name == current, row.created_at, prefix)
