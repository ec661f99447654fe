"""What is known of a model besides its parameters. Needs no torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ctvos_core.checked import CHECKED, CountOrZero, explain
from ctvos_core.errors import InputError
from ctvos_core.network.config import NetworkConfig

DEFAULT_MODEL = "default"
_PACKAGED = Path(__file__).parent


@dataclass(frozen=True, config=CHECKED)
class ModelCard:
    """The content of `card.json`."""

    name: str
    description: str
    network: NetworkConfig
    parameters: CountOrZero
    """Number of parameters."""
    digest: str
    """SHA-256 of `model.safetensors`, in hexadecimal."""
    training: dict[str, Any] = field(default_factory=dict)
    """Objective, data, steps, hardware, configuration."""
    licence: str = ""
    """What the training data allows."""
    scores: dict[str, float] = field(default_factory=dict)
    """Scores measured with these weights, in percent, by data set and measure."""

    def to_json(self) -> str:
        """Indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> ModelCard:
        """Inverse of `to_json`; raises `pydantic.ValidationError` on anything else."""
        return TypeAdapter(cls).validate_json(text)


def packaged_models() -> list[str]:
    """Names of the models that come with the package.

    Example:
        >>> "default" in packaged_models()
        True
    """
    return sorted(card.parent.name for card in _PACKAGED.glob("*/card.json"))


def read_card(model: str | Path = DEFAULT_MODEL) -> ModelCard:
    """The card of a packaged model (by name) or of a model folder (by path).

    Raises:
        InputError: there is no such model (`model_not_found`), it has no card
            (`model_incomplete`), or the card is not one (`model_card_invalid`).
    """
    path = model_folder(model) / "card.json"
    try:
        return ModelCard.from_json(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            "model_incomplete", f"{path}: expected a model card, found none"
        ) from error
    except ValidationError as error:
        raise InputError("model_card_invalid", f"{path}: not a model card: {explain(error)}") from (
            error
        )


def read_model(model: str | Path = DEFAULT_MODEL) -> tuple[ModelCard, bytes]:
    """The card of a model and the bytes of its weights, which are those that the card describes.

    Raises:
        InputError: as `read_card`; the weights are missing (`model_incomplete`), or not those of
            the card (`model_damaged`).
    """
    card = read_card(model)
    path = model_folder(model) / "model.safetensors"
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
    return card, data


def model_folder(model: str | Path) -> Path:
    """The folder of a packaged model (by name), or the folder given.

    Raises:
        InputError: `model_not_found`.
    """
    if isinstance(model, str) and model in packaged_models():
        return _PACKAGED / model
    path = Path(model)
    if path.is_dir():
        return path
    known = ", ".join(packaged_models()) or "none"
    raise InputError(
        "model_not_found", f"{model}: expected a model folder or a packaged model ({known})"
    )
