"""Networks to and from model folders: `model.safetensors` and `card.json`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.video import replacing
from ctvos_core.weights.card import DEFAULT_MODEL, ModelCard, read_model


def load_model(model: str | Path = DEFAULT_MODEL) -> CTVOS:
    """The network of a packaged model (by name) or a model folder (by path): on the CPU, float32.

    Raises:
        InputError: no such model, or its files do not belong together.
    """
    return load_with_card(model)[0]


def load_with_card(model: str | Path = DEFAULT_MODEL) -> tuple[CTVOS, ModelCard]:
    """What `load_model` returns, and the model's card.

    Raises:
        InputError: as `load_model`.
    """
    card, data = read_model(model)
    network = CTVOS(card.network)
    try:
        network.load_state_dict({k: v.float() for k, v in load_tensors(data).items()})
    except (SafetensorError, RuntimeError) as error:
        line = str(error).splitlines()[0]
        raise InputError(
            "model_damaged", f"{model}: expected the weights that its card describes: {line}"
        ) from error
    return network.eval(), card


def save_model(folder: Path, network: CTVOS, card: ModelCard) -> ModelCard:
    """Write a model folder; parameters are stored as float16.

    Args:
        folder: created if need be; a model in it is replaced.
        network: what to store.
        card: its `network`, `parameters` and `digest` are filled in here.

    Returns:
        The card as written.
    """
    state = {
        name: tensor.detach()
        .cpu()
        .to(torch.float16 if tensor.is_floating_point() else tensor.dtype)
        for name, tensor in network.state_dict().items()
    }
    data = save_tensors({name: tensor.contiguous() for name, tensor in state.items()})
    card = replace(
        card,
        network=network.config,
        parameters=sum(p.numel() for p in network.parameters()),
        digest=hashlib.sha256(data).hexdigest(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "model.safetensors") as partial:
        partial.write_bytes(data)
    with replacing(folder / "card.json") as partial:
        partial.write_text(card.to_json(), "utf-8")
    return card
