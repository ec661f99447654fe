"""Models as files: safetensors with a card; the packaged default lies beside this module."""

from ctvos_core.weights.card import ModelCard
from ctvos_core.weights.folders import (
    DEFAULT_MODEL,
    load_model,
    packaged_models,
    read_card,
    save_model,
)

__all__ = [
    "DEFAULT_MODEL",
    "ModelCard",
    "load_model",
    "packaged_models",
    "read_card",
    "save_model",
]
