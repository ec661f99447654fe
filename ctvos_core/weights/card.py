"""What is known of a model besides its parameters."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ctvos_core.network.attention import AttentionConfig
from ctvos_core.network.ctvos import NetworkConfig


@dataclass(frozen=True)
class ModelCard:
    """The content of `card.json`."""

    name: str
    description: str
    network: NetworkConfig
    parameters: int
    """Number of parameters."""
    digest: str
    """SHA-256 of `model.safetensors`, in hexadecimal."""
    training: dict[str, Any] = field(default_factory=dict)
    """Objective, data, iterations, hardware, configuration."""
    licence: str = ""
    """What the training data allows."""
    scores: dict[str, float] = field(default_factory=dict)
    """Measured with these weights, in percent, by name of data set and measure."""

    def to_json(self) -> str:
        """Indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Inverse of `to_json`; raises KeyError, TypeError or ValueError on anything else."""
        raw = json.loads(text)
        network = raw.pop("network")
        attention = AttentionConfig(**network.pop("attention"))
        return cls(network=NetworkConfig(**network, attention=attention), **raw)
