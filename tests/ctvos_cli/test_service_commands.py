"""The service's commands: settings, models, and what is said when something is missing."""

import json
import os
import subprocess
import sys
from unittest.mock import patch

import pytest


@pytest.fixture(autouse=True)
def own_environment(tmp_path):
    """Options of commands join the environment; no test sees another's."""
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("CTVOS_")]:
            del os.environ[name]
        os.environ["CTVOS_DATA_DIR"] = str(tmp_path / "data")
        yield


def test_config_names_values_and_sources_and_hides_secrets(ctvos, monkeypatch):
    monkeypatch.setenv("CTVOS_PORT", "8123")
    monkeypatch.setenv("CTVOS_API_KEY", "very-secret")
    monkeypatch.setenv("CTVOS_DATABASE_URL", "postgresql://ctvos:hidden@db/ctvos")
    shown = ctvos("config")
    assert shown.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in shown.stdout.splitlines()}
    assert rows["port"] == ["8123", "CTVOS_PORT"]
    assert rows["host"] == ["127.0.0.1", "default"]
    assert rows["api_key"][-1] == "CTVOS_API_KEY"
    assert "very-secret" not in shown.stdout
    assert "hidden" not in shown.stdout


def test_an_option_counts_as_a_source(ctvos, tmp_path, monkeypatch):
    monkeypatch.delenv("CTVOS_DATA_DIR")
    shown = ctvos("config", "--data-dir", tmp_path / "here")
    (row,) = [line for line in shown.stdout.splitlines() if line.startswith("data_dir")]
    assert row.split() == ["data_dir", str(tmp_path / "here"), "--data-dir"]


@pytest.mark.parametrize("command", ["config", "api", "serve"])
def test_settings_that_make_no_sense_are_refused_in_one_line(ctvos, monkeypatch, command):
    monkeypatch.setenv("CTVOS_PORT", "many")
    monkeypatch.setenv("CTVOS_GPUS", "two")
    refused = ctvos(command)
    assert refused.exit_code == 2
    (line,) = refused.stderr.splitlines()
    assert "CTVOS_PORT" in line
    assert "CTVOS_GPUS" in line


def test_models_are_imported_shown_and_promoted(ctvos, model):
    listed = ctvos("models", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["name", "default"]
    assert listed[1].split()[-1] == "promoted"
    assert ctvos("models", "import", model, "--name", "mine").exit_code == 0
    assert json.loads(ctvos("models", "show", "mine").stdout)["name"] == "untrained"
    assert ctvos("models", "promote", "mine").stdout == "mine: promoted\n"
    rows = [line.split() for line in ctvos("models", "list").stdout.splitlines()[1:]]
    assert [(row[0], row[-1] == "promoted") for row in rows] == [("default", False), ("mine", True)]


@pytest.mark.parametrize("arguments", [("show", "none"), ("promote", "none")])
def test_a_model_that_is_not_there_is_one_line(ctvos, arguments):
    refused = ctvos("models", *arguments)
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "none" in refused.stderr


def test_a_gpu_that_is_not_there_is_one_line(ctvos, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    refused = ctvos("worker", "segment", "--gpu", 2)
    assert refused.exit_code == 2
    assert "GPU 2: expected one of the 0 of this machine" in refused.stderr


NO_TORCH = (
    "import sys\n"
    "class NoTorch:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name.split('.')[0] in ('torch', 'torchvision', 'safetensors'):\n"
    "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
    "sys.meta_path.insert(0, NoTorch())\n"
    "from ctvos_cli.main import app\n"
)


@pytest.mark.parametrize(
    "arguments", [["config"], ["models", "list"], ["api", "--help"], ["submit", "--help"]]
)
def test_what_the_api_image_runs_needs_no_torch(arguments):
    command = [sys.executable, "-c", f"{NO_TORCH}app(sys.argv[1:])", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_application_and_the_webhook_worker_need_no_torch(tmp_path):
    code = (
        f"{NO_TORCH}"
        "from ctvos_jobs.settings import load_settings\n"
        "from service.app import create_app\n"
        "import worker.main, worker.tasks\n"
        "create_app(load_settings())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_worker_that_needs_torch_says_what_to_install():
    command = [sys.executable, "-c", f"{NO_TORCH}app(sys.argv[1:])", "worker", "segment"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert 'pip install "ctvos[torch]"' in refused.stderr
