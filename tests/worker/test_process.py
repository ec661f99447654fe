"""What a worker process arranges for itself before its first job."""

import os
import subprocess
import sys

import pytest
from waiting import wait_until
from worker_house import is_alive

from ctvos_core.errors import InputError
from ctvos_jobs.settings import load_settings
from worker.plan import WorkerPlan, choose_gpus, pin
from worker.scratch import Scratch


@pytest.fixture
def three_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b,GPU-c")


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ("auto", ["GPU-a", "GPU-b", "GPU-c"]),
        ("all", ["GPU-a", "GPU-b", "GPU-c"]),
        ("0,2", ["GPU-a", "GPU-c"]),
        ("none", []),
    ],
)
def test_gpus_are_those_of_the_settings(three_gpus, tmp_path, gpus, expected):
    assert choose_gpus(load_settings(data_dir=tmp_path, gpus=gpus)) == expected


def test_one_gpu_can_be_asked_for_and_must_be_there(three_gpus, tmp_path):
    settings = load_settings(data_dir=tmp_path)
    assert choose_gpus(settings, 1) == ["GPU-b"]
    assert WorkerPlan.make("segment", settings, 1) == WorkerPlan("segment", 1, ["GPU-b"])
    with pytest.raises(InputError, match="GPU 3: expected one of the 3 of this machine"):
        choose_gpus(settings, 3)
    assert choose_gpus(load_settings(data_dir=tmp_path, device="cpu")) == []


def test_there_is_a_process_for_each_gpu(three_gpus, tmp_path):
    assert WorkerPlan.make("segment", load_settings(data_dir=tmp_path)).processes == 3
    settings = load_settings(data_dir=tmp_path, gpus="none")
    assert WorkerPlan.make("segment", settings).processes == 1
    assert WorkerPlan.make("train", load_settings(data_dir=tmp_path)).processes == 1


def test_a_slot_sees_one_gpu_and_its_share_of_the_cores(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert pin(3, ["GPU-a", "GPU-b"], 4) == "GPU-b"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-b"
    cores = len(os.sched_getaffinity(0))
    assert os.environ["OMP_NUM_THREADS"] == str(max(1, cores // 4))
    assert pin(0, [], 1) is None
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_scratch_of_killed_processes_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "import os, signal\n"
        "from worker.scratch import Scratch\n"
        "(Scratch().path / 'half').write_text('done')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], env={"TMPDIR": str(tmp_path)})
    assert killed.returncode == -9
    (left,) = tmp_path.glob("*/*/half")
    scratch = Scratch()
    assert not left.parent.exists()
    with scratch.folder() as folder:
        assert folder.is_relative_to(scratch.path)
    assert not folder.exists()
    scratch.remove()


def test_a_follower_ends_with_the_process_that_started_it(tmp_path):
    follower = (
        "import os, signal, sys, time\n"
        "from ctvos_jobs.parent import follow\n"
        "follow(os.getppid(), signal.SIGKILL)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    leader = (
        "import os, signal, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode(), end='', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", leader, follower], capture_output=True, text=True, check=False
    )
    wait_until(lambda: not is_alive(int(told.stdout)), "the end of the follower")
