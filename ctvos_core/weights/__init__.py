"""Models as files: safetensors with a card; the packaged default lies beside this module.

Cards are read without torch: it is imported when `load_model`, `load_with_card` or `save_model` is
first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ctvos_core.weights.card import DEFAULT_MODEL, ModelCard, packaged_models, read_card

if TYPE_CHECKING:
    from ctvos_core.weights.folders import load_model, load_with_card, save_model

__all__ = [
    "DEFAULT_MODEL",
    "ModelCard",
    "load_model",
    "load_with_card",
    "packaged_models",
    "read_card",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in ("load_model", "load_with_card", "save_model"):
        return getattr(import_module("ctvos_core.weights.folders"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
