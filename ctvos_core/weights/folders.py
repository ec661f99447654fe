"""Reading and writing model folders: `model.safetensors` and `card.json`."""

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
from ctvos_core.weights.card import ModelCard

DEFAULT_MODEL = "default"
_PACKAGED = Path(__file__).parent


def packaged_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(card.parent.name for card in _PACKAGED.glob("*/card.json"))


def read_card(model: str | Path = DEFAULT_MODEL) -> ModelCard:
    """The card of a packaged model (by name) or of a model folder (by path).

    Raises:
        InputError: no such model, or its card cannot be read.
    """
    path = _folder(model) / "card.json"
    try:
        return ModelCard.from_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            "model_incomplete", f"{path}: expected a model card, found none"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("model_card_invalid", f"{path}: not a model card: {error}") from error


def load_model(model: str | Path = DEFAULT_MODEL) -> CTVOS:
    """The network of a packaged model (by name) or a model folder (by path): on the CPU, float32.

    Raises:
        InputError: no such model, or its files do not belong together.
    """
    card = read_card(model)
    path = _folder(model) / "model.safetensors"
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("model_incomplete", f"{path}: expected weights, found none") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.digest:
        raise InputError(
            "model_damaged",
            f"{path}: expected SHA-256 {card.digest[:12]}, as its card says, got {digest[:12]}",
        )
    network = CTVOS(card.network)
    try:
        network.load_state_dict({k: v.float() for k, v in load_tensors(data).items()})
    except (SafetensorError, RuntimeError) as error:
        line = str(error).splitlines()[0]
        raise InputError("model_damaged", f"{path}: not the weights of its card: {line}") from error
    return network.eval()


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


def _folder(model: str | Path) -> Path:
    if isinstance(model, str) and model in packaged_models():
        return _PACKAGED / model
    path = Path(model)
    if path.is_dir():
        return path
    known = ", ".join(packaged_models()) or "none"
    raise InputError(
        "model_not_found", f"{model}: expected a model folder or a packaged model ({known})"
    )
