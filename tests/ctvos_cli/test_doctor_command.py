"""`ctvos doctor` on working and on broken parts."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import text

from ctvos_cli.checks import compute
from ctvos_jobs.database import Database
from ctvos_jobs.settings import Settings


@pytest.fixture
def doctor(ctvos, tmp_path, monkeypatch):
    """Runs it on a new data folder; returns its exit code and its findings by name."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CTVOS_{name.upper()}", raising=False)
    monkeypatch.setenv("CTVOS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CTVOS_DEVICE", "cpu")

    def run():
        result = ctvos("doctor", "--json")
        return result.exit_code, {found["name"]: found for found in json.loads(result.stdout)}

    return run


@pytest.fixture
def no_network(monkeypatch):
    """For tests that are about other things."""
    monkeypatch.setattr(compute, "_forward", lambda device: ("ok", "", ""))


def test_a_machine_on_which_everything_works(doctor, tmp_path):
    code, findings = doctor()
    assert code == 0, findings
    assert findings.keys() >= {"torch", "gpu", "decode", "disk", "redis", "database", "store"}
    # A processor without bfloat16 gets a warning.
    assert all(f["verdict"] == "ok" for f in findings.values() if f["name"] != "precision")
    assert "a square was followed" in findings["forward pass"]["found"]
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("no_network")
def test_what_is_broken_is_said_with_a_remedy_and_does_not_hide_the_rest(
    doctor, monkeypatch, tmp_path
):
    monkeypatch.setenv("CTVOS_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CTVOS_DATABASE_URL", "postgresql://ctvos:hunter2@127.0.0.1:1/ctvos")
    monkeypatch.setenv("CTVOS_MIN_FREE_BYTES", str(10**18))
    (tmp_path / "file").touch()
    monkeypatch.setenv("CTVOS_ARTIFACT_URL", str(tmp_path / "file"))
    code, findings = doctor()
    assert code == 1
    failed = {name for name, found in findings.items() if found["verdict"] == "failed"}
    assert failed == {"redis", "database", "schema", "clock", "disk", "store"}
    assert all(findings[name]["remedy"] for name in failed)
    assert "CTVOS_REDIS_URL" in findings["redis"]["remedy"]
    assert "hunter2" not in json.dumps(findings)


@pytest.mark.usefixtures("no_network")
def test_a_database_of_a_newer_release_is_recognised(doctor, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'data' / 'ctvos.db'}")
    database.migrate()
    assert doctor()[1]["schema"]["verdict"] == "ok"
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    code, findings = doctor()
    assert code == 1
    assert findings["schema"]["verdict"] == "failed"
    assert "9999" in findings["schema"]["found"]


@pytest.mark.usefixtures("no_network")
def test_a_store_on_s3_is_written_read_and_left_empty(doctor, monkeypatch, s3_options):
    from ctvos_jobs.store import ArtifactStore

    monkeypatch.setenv("CTVOS_ARTIFACT_URL", "s3://ctvos/doctor")
    monkeypatch.setenv("CTVOS_ARTIFACT_OPTIONS", json.dumps(s3_options))
    assert doctor()[1]["store"]["verdict"] == "ok"
    assert ArtifactStore("s3://ctvos/doctor", s3_options).list("uploads") == []


@pytest.mark.usefixtures("no_network")
def test_a_gpu_that_is_asked_for_and_absent_is_a_failure(doctor, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CTVOS_DEVICE", "cuda:63")
    code, findings = doctor()
    assert code == 1
    assert findings["gpu"]["verdict"] == findings["precision"]["verdict"] == "failed"


def test_a_driver_that_is_older_than_torch_wants_is_named(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '| Driver Version: 520.1   CUDA Version: 11.8 |'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("torch.version.cuda", "12.9")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    verdict, found, remedy = compute._cuda()
    assert verdict == "failed"
    assert "11.8" in found
    assert "12.9" in remedy


def test_the_layout_for_people_names_every_thing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ctvos_cli", "doctor", "--data-dir", tmp_path / "data"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "CTVOS_DEVICE": "cpu", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "forward pass" in done.stdout
    assert "verdict" in done.stdout
