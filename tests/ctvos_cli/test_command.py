"""The command as a process of its own."""

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

COMMAND = [sys.executable, "-m", "ctvos_cli"]


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def test_installed_command_shows_its_subcommands():
    command = Path(sys.executable).with_name("ctvos")
    shown = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    for name in ("segment", "evaluate", "demo"):
        assert name in shown.stdout


def test_help_imports_no_torch():
    code = (
        "import sys\n"
        "from ctvos_cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'cv2', 'av'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_segment_and_refusal(clip, mask, model, tmp_path):
    options = ("--mask", mask, "--out", tmp_path / "out", "--model", model)
    done = run("segment", clip, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "out").glob("*.png"))) == 12
    refused = run("segment", tmp_path / "none.mp4", *options)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1


def test_without_pytorch_it_says_what_to_install(clip, mask, model, tmp_path):
    """An interpreter that sees no torch: the import system is told that there is none."""
    code = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from ctvos_cli.main import app\n"
        "app(sys.argv[1:])\n"
    )
    arguments = ["segment", clip, "--mask", mask, "--out", tmp_path / "out", "--model", model]
    refused = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert 'pip install "ctvos[torch]"' in refused.stderr


def test_interrupt_ends_with_130_and_no_traceback(model, tmp_path):
    out = tmp_path / "demo"
    command = [*COMMAND, "demo", "--frames", "12", "--out", str(out), "--model", str(model)]
    started = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have made interrupts be ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 300
    while not (out / "00000.png").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, stderr = started.communicate(timeout=300)
    assert started.returncode == 130
    assert stderr == ""
    assert not list(out.glob(".*")), "half-written files are left"
