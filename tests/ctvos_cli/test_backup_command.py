"""`ctvos backup` and `ctvos restore` on a data folder that is then destroyed."""

import shutil

import pytest

from ctvos_jobs.settings import Settings, load_settings
from ctvos_jobs.webhooks import signing_secret


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CTVOS_{name.upper()}", raising=False)
    monkeypatch.setenv("CTVOS_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_models_keys_and_the_webhooks_secret_come_back(ctvos, data, model, tmp_path):
    assert ctvos("models", "import", model, "--name", "mine").exit_code == 0
    assert ctvos("models", "promote", "mine").exit_code == 0
    ctvos("keys", "create", "editor")
    listed = ctvos("models", "list").stdout + ctvos("keys", "list").stdout
    secret = signing_secret(load_settings())

    made = ctvos("backup", tmp_path / "backup")
    assert made.exit_code == 0, made.stderr
    assert "2 files" in made.stdout
    shutil.rmtree(data)
    restored = ctvos("restore", tmp_path / "backup")
    assert restored.exit_code == 0, restored.stderr
    assert ctvos("models", "list").stdout + ctvos("keys", "list").stdout == listed
    assert signing_secret(load_settings()) == secret
    assert (data / "models" / "mine" / "model.safetensors").read_bytes() == (
        model / "model.safetensors"
    ).read_bytes()
    again = ctvos("restore", tmp_path / "backup")
    assert again.exit_code == 2
    assert "without rows" in again.stderr


def test_what_is_no_backup_is_refused_before_anything_is_made(ctvos, data, tmp_path):
    result = ctvos("restore", tmp_path)
    assert result.exit_code == 2
    assert "expected that of a backup" in result.stderr
    assert not data.exists()
