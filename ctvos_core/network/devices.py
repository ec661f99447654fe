"""Where the network runs and in which precision."""

from __future__ import annotations

import torch

from ctvos_core.errors import InputError


def select_device(name: str | torch.device) -> torch.device:
    """The device of a name.

    Args:
        name: "auto" (the first GPU if there is one, else the CPU), "cpu", "cuda" or "cuda:N".

    Raises:
        InputError: no such name, or no such GPU here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(
            "device_unknown", f"device: expected auto, cpu, cuda or cuda:N, got {name!r}"
        ) from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(
            "device_unknown", f"device: expected auto, cpu, cuda or cuda:N, got {name!r}"
        )
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise InputError("device_missing", f"device: {name} asked for, {count} GPUs found")
    return device


def network_dtype(device: torch.device) -> torch.dtype:
    """The fastest precision that the encoders lose nothing by.

    bfloat16 where the hardware multiplies it: a CPU without such instructions emulates it, ten
    times slower than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32
