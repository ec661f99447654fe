"""`ctvos keys` on a data folder of its own."""

import pytest


@pytest.fixture
def keys(ctvos, tmp_path, monkeypatch):
    monkeypatch.setenv("CTVOS_DATA_DIR", str(tmp_path / "data"))
    return lambda *arguments: ctvos("keys", *arguments)


def test_a_key_is_made_listed_and_revoked(keys):
    made = keys("create", "editor")
    assert made.exit_code == 0, made.stderr
    _, key_id, secret = made.stdout.strip().split("_", 2)
    listed = keys("list").stdout
    assert key_id in listed
    assert "editor" in listed
    assert secret not in listed
    assert "revoked" not in listed
    assert keys("revoke", key_id).exit_code == 0
    assert "revoked" in keys("list").stdout


def test_an_unknown_key_is_refused(keys):
    result = keys("revoke", "nobody")
    assert result.exit_code == 2
    assert "nobody: expected the id of a key" in result.stderr
