"""What runs the network: Python, torch, GPU, driver, precision, video codecs, a forward pass."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from ctvos_cli.checks.finding import Finding, Verdict, examine

_INSTALL = 'pip install "ctvos[torch]"'
_WIDTH, _HEIGHT, _FRAMES, _SQUARE = 160, 96, 4, 40
_LEAST_OVERLAP = 0.5

Answer = tuple[Verdict, str, str]


def examine_compute(device: str) -> list[Finding]:
    """All findings about computing.

    Args:
        device: what the settings say, `auto`, `cpu` or `cuda:N`.
    """
    findings = [
        examine("torch", _torch, _INSTALL),
        examine("gpu", lambda: _gpu(device), "install the NVIDIA driver, or set CTVOS_DEVICE=cpu"),
        examine("decode", _decode, "reinstall PyAV: pip install --force-reinstall av"),
    ]
    if findings[0].verdict == "ok":
        findings.insert(2, examine("cuda", _cuda, "install a torch whose CUDA the driver knows"))
        findings.insert(3, examine("precision", lambda: _precision(device), "correct CTVOS_DEVICE"))
        findings.append(
            examine(
                "forward pass",
                lambda: _forward(device),
                "free memory on the device, or reinstall torch and ctvos",
            )
        )
    return findings


def _torch() -> Answer:
    try:
        found = f"torch {version('torch')}, torchvision {version('torchvision')}"
    except PackageNotFoundError as error:
        return "warning", f"{error.name} is not installed: no job can run here", _INSTALL
    import torch
    import torchvision  # noqa: F401 - a torchvision that does not fit breaks here

    return (
        "ok",
        f"{found}, Python {platform.python_version()}, {torch.get_num_threads()} threads",
        "",
    )


def _gpu(device: str) -> Answer:
    listed = _nvidia_smi("--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")
    if listed:
        return "ok", "; ".join(listed.splitlines()), ""
    if device.startswith("cuda"):
        return (
            "failed",
            f"CTVOS_DEVICE is {device}, and nvidia-smi finds no GPU",
            "install the NVIDIA driver, in containers its Container Toolkit, or set "
            "CTVOS_DEVICE=cpu",
        )
    return "ok", "none: the CPU is used", ""


def _cuda() -> Answer:
    import torch

    built, driver = torch.version.cuda, _driver_cuda()
    if driver is None:
        return "ok", f"no driver; torch is built for {f'CUDA {built}' if built else 'the CPU'}", ""
    if built is None:
        return (
            "failed",
            f"the driver knows CUDA {driver}, torch is built for the CPU only",
            "install torch from PyPI rather than its CPU wheel",
        )
    found = f"the driver knows CUDA up to {driver}, torch is built for {built}"
    if not torch.cuda.is_available():
        return (
            "failed",
            f"{found}, and finds no GPU",
            f"update the driver to one that knows CUDA {built}, or install an older torch; "
            "look at CUDA_VISIBLE_DEVICES",
        )
    return "ok", f"{found}, and finds {torch.cuda.device_count()} GPUs", ""


def _precision(device: str) -> Answer:
    import torch

    from ctvos_core.network.devices import network_dtype, select_device

    chosen = select_device(device)
    dtype = network_dtype(chosen)
    found = f"{str(dtype).removeprefix('torch.')} on {chosen}"
    if dtype == torch.bfloat16:
        return "ok", found, ""
    return (
        "warning",
        f"{found}: it has no instructions for bfloat16",
        "none is needed; a GPU of the Ampere generation, or a CPU with AVX512-BF16, is faster",
    )


def _decode() -> Answer:
    from ctvos_core.video import VideoWriter, open_frames

    with tempfile.TemporaryDirectory(prefix="ctvos-doctor-") as folder:
        path = Path(folder) / "clip.mp4"
        with VideoWriter(path, _WIDTH, _HEIGHT) as video:
            for index in range(_FRAMES):
                video.write(_picture(index), index / 25)
        with open_frames(path) as reader:
            error = max(
                float(np.abs(frame.image.astype(int) - _picture(index)).mean())
                for index, frame in enumerate(reader.frames())
            )
            count = len(reader)
    if count != _FRAMES or error > 10:
        return (
            "failed",
            f"of {_FRAMES} frames {count} came back, with a mean error of {error:.1f} of 255",
            "reinstall PyAV: pip install --force-reinstall av",
        )
    return "ok", f"PyAV {version('av')}: {count} frames of H.264 encoded and decoded", ""


def _forward(device: str) -> Answer:
    from ctvos_core.propagation import PropagationConfig, Propagator
    from ctvos_core.weights import load_model

    propagator = Propagator(load_model("default"), PropagationConfig(), device)
    propagator.step(_picture(0), _truth(0))
    started = time.perf_counter()
    for index in range(1, _FRAMES):
        labels = propagator.step(_picture(index)).labels
    milliseconds = 1000 * (time.perf_counter() - started) / (_FRAMES - 1)
    both = np.logical_and(labels, _truth(_FRAMES - 1)).sum()
    overlap = both / np.logical_or(labels, _truth(_FRAMES - 1)).sum()
    found = (
        f"{milliseconds:.0f} ms for a frame of {_WIDTH}x{_HEIGHT}; a square was followed with "
        f"J {overlap:.2f}"
    )
    if overlap < _LEAST_OVERLAP:
        return "failed", found, "the device computes wrongly, or the weights are damaged: reinstall"
    return "ok", found, ""


def _picture(index: int) -> np.ndarray:
    """A striped square, `(H, W, 3)`, that moves right over a gradient."""
    rows, columns = np.mgrid[:_HEIGHT, :_WIDTH]
    image = np.stack([rows, columns // 2, rows + columns // 2], -1).astype(np.uint8)
    square = _truth(index) > 0
    image[square] = (230, 60, 40)
    image[square & (rows // 8 % 2 == 0)] = (60, 210, 90)
    return image


def _truth(index: int) -> np.ndarray:
    labels = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    left = 24 + 4 * index
    labels[24 : 24 + _SQUARE, left : left + _SQUARE] = 1
    return labels


def _driver_cuda() -> str | None:
    match = re.search(r"CUDA Version:\s*([\d.]+)", _nvidia_smi())
    return match[1] if match else None


def _nvidia_smi(*arguments: str) -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30)
    return done.stdout.strip() if done.returncode == 0 else ""
