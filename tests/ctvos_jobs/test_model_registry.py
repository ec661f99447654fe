"""The registry: the packaged model, imported ones, promotion."""

import hashlib
import json
from pathlib import Path

import pytest

from ctvos_core.errors import InputError
from ctvos_jobs import registry
from ctvos_jobs.database import Database
from ctvos_jobs.store import ArtifactStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_folder(tmp_path / "model", b"weights")


def model_folder(folder: Path, weights: bytes) -> Path:
    folder.mkdir()
    card = {
        "name": "x",
        "description": "",
        "network": {},
        "parameters": 0,
        "digest": hashlib.sha256(weights).hexdigest(),
    }
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def test_the_packaged_model_is_there_and_promoted(database: Database) -> None:
    with database.reading() as session:
        (model,) = registry.list_models(session)
        assert registry.promoted(session) == "default"
        assert registry.get_model(session, "default") == model
        assert registry.get_model(session, "other") is None
    assert (model.name, model.promoted, model.prefix) == ("default", True, None)
    assert len(model.digest) == 64
    assert model.card["name"] == "default"


def test_an_imported_model_can_be_promoted_and_the_packaged_one_again(
    database: Database, store: ArtifactStore, folder: Path
) -> None:
    with database.session() as session:
        added = registry.import_model(session, store, folder, "dogs")
    assert (added.promoted, added.prefix) == (False, "models/dogs")
    assert store.list("models") == ["models/dogs/card.json", "models/dogs/model.safetensors"]
    with database.session() as session:
        assert [model.name for model in registry.list_models(session)] == ["default", "dogs"]
        assert registry.promote(session, "dogs").promoted
    with database.session() as session:
        assert registry.promoted(session) == "dogs"
        assert [model.promoted for model in registry.list_models(session)] == [False, True]
    with database.session() as session:
        assert registry.promote(session, "default").promoted
    with database.session() as session:
        assert registry.promoted(session) == "default"
        assert len(registry.list_models(session)) == 2
        registry.promote(session, "dogs")
        assert registry.promoted(session) == "dogs"


def test_what_is_not_there_cannot_be_promoted(sqlite: Database) -> None:
    with sqlite.session() as session, pytest.raises(InputError, match="default") as caught:
        registry.promote(session, "cats")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("name", ["", "default", "../x", "A", "a/b", ".x", "x" * 65])
def test_names_are_checked(sqlite: Database, store: ArtifactStore, folder: Path, name: str) -> None:
    with sqlite.session() as session, pytest.raises(InputError) as caught:
        registry.import_model(session, store, folder, name)
    assert caught.value.code == "model_name_invalid"


def test_a_name_is_given_once_but_its_job_may_repeat_itself(
    sqlite: Database, store: ArtifactStore, folder: Path, tmp_path: Path
) -> None:
    second = model_folder(tmp_path / "second", b"better weights")
    with sqlite.session() as session:
        registry.register(session, store, name="dogs", folder=folder, job_id="1")
    for job_id in ("2", None):
        with sqlite.session() as session, pytest.raises(InputError) as caught:
            registry.register(session, store, name="dogs", folder=second, job_id=job_id)
        assert caught.value.code == "model_exists"
    with sqlite.session() as session:
        again = registry.register(session, store, name="dogs", folder=second, job_id="1")
    assert again.digest == hashlib.sha256(b"better weights").hexdigest()
    assert b"".join(store.iter("models/dogs/model.safetensors")) == b"better weights"


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        ("card.json", None, "model_incomplete"),
        ("model.safetensors", None, "model_incomplete"),
        ("card.json", b"{", "model_card_invalid"),
        ("card.json", b"\xff", "model_card_invalid"),
        ("card.json", b"[]", "model_card_invalid"),
        ("model.safetensors", b"other", "model_damaged"),
    ],
)
def test_incomplete_and_damaged_models_are_refused(
    sqlite: Database,
    store: ArtifactStore,
    folder: Path,
    file: str,
    content: bytes | None,
    code: str,
) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with sqlite.session() as session, pytest.raises(InputError) as caught:
        registry.import_model(session, store, folder, "dogs")
    assert caught.value.code == code
    assert store.list("models") == []
