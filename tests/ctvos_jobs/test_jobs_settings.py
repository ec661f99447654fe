"""Settings: from the environment, refused in words that help, printed without secrets."""

import subprocess
import sys
from pathlib import Path

import pytest

from ctvos_jobs.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _no_environment(settings: Settings) -> None:
    """`settings` has cleared it."""


def test_the_defaults_need_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.data_dir == tmp_path / "ctvos-data"
    assert settings.database_url == f"sqlite:///{tmp_path}/ctvos-data/ctvos.db"
    assert settings.artifact_url == str(tmp_path / "ctvos-data")
    assert settings.host == "127.0.0.1"
    assert not settings.data_dir.exists(), "reading settings writes nothing"


def test_the_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTVOS_PORT", "9000")
    monkeypatch.setenv("CTVOS_MAX_UPLOAD_BYTES", "3GiB")
    monkeypatch.setenv("CTVOS_ARTIFACT_OPTIONS", '{"endpoint_url": "http://minio:9000"}')
    monkeypatch.setenv("CTVOS_HOST", "")
    settings = load_settings(port=None, max_attempts=5)
    assert (settings.port, settings.max_attempts, settings.host) == (9000, 5, "127.0.0.1")
    assert settings.max_upload_bytes == 3 << 30
    assert settings.artifact_options == {"endpoint_url": "http://minio:9000"}
    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_gets_its_driver(scheme: str) -> None:
    settings = load_settings(database_url=f"{scheme}://u:p@db/ctvos")
    assert settings.database_url == "postgresql+psycopg://u:p@db/ctvos"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("port", "70000", "port (CTVOS_PORT): input should be less than or equal to 65535"),
        ("max_attempts", "0", "max_attempts (CTVOS_MAX_ATTEMPTS)"),
        ("device", "gpu", "got 'gpu'"),
        ("gpus", "0,x", "gpus (CTVOS_GPUS)"),
        ("log_level", "loud", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("redis_url", "localhost:6379", "expected an address that starts with redis://"),
        ("database_url", "mysql://u@h/d", "expected sqlite:///FILE or postgresql://HOST/NAME"),
        ("database_url", "nonsense", "got something else"),
        ("artifact_url", "gs://bucket", "expected a folder or s3://BUCKET/PREFIX, got gs://"),
        ("heartbeat_seconds", "59", "expected at most half of lease_seconds (60), got 59"),
        ("retention_hours", "-1", "greater than 0"),
        ("webhook_secret", "whsec_!", "expected whsec_ and base64"),
        ("webhook_secret", "aGVsbG8=", "expected whsec_ and base64"),
        ("colour", "red", "colour: no such setting"),
    ],
)
def test_nonsense_is_refused_in_readable_words(field: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**{field: value})
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_every_wrong_setting_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTVOS_PORT", "x")
    monkeypatch.setenv("CTVOS_LEASE_SECONDS", "-3")
    monkeypatch.setenv("CTVOS_ARTIFACT_OPTIONS", "{not json")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["artifact_options", "port", "lease_seconds"]
    assert "expected a JSON object" in lines[0]


def test_secrets_are_not_shown() -> None:
    secrets = {
        "api_key": "hush-1",
        "redis_url": "redis://:hush-2@redis",
        "webhook_secret": "whsec_hush",
        "database_url": "postgresql://u:hush-4@db/ctvos",
        "artifact_options": {"secret": "hush-5", "endpoint_url": "http://minio"},
    }
    settings = load_settings(**secrets)
    shown = settings.public()
    assert set(shown) == set(Settings.model_fields)
    assert "hush" not in str(shown)
    assert "http://minio" in shown["artifact_options"]
    assert shown["segment_workers"] == ""


def test_a_wrong_secret_is_not_shown_either() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(redis_url="http://:hush@redis")
    assert "hush" not in str(caught.value)


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_what_the_api_needs_of_jobs_brings_no_torch() -> None:
    modules = ["celery_app", "lifecycle", "reaper", "registry", "videos", "api_keys", "events"]
    code = "import sys; " + "; ".join(f"import ctvos_jobs.{name}" for name in modules)
    code += "; from ctvos_jobs.registry import packaged_card; packaged_card()"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
