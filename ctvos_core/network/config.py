"""What decides the network's parameters. Needs no torch."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from pydantic.dataclasses import dataclass

from ctvos_core.checked import CHECKED, Count, Positive

Backbone = Literal["resnet18", "resnet50"]


@dataclass(frozen=True, config=CHECKED)
class AttentionConfig:
    """How similar a query and a key are."""

    temperature: Positive = 0.08
    """Divides the similarities."""
    cosine: bool = True
    """True: cosine similarity; False: the plain dot product (paper)."""


@dataclass(frozen=True, config=CHECKED)
class NetworkConfig:
    """Everything that decides the network's parameters and how it compares keys."""

    backbone: Backbone = "resnet18"
    stride: Literal[4, 8, 16] = 8
    """Input pixels per cell of queries, keys and values."""
    deep_stride: Count | None = None
    """Input pixels per cell of the last stage of the query and key encoders: `stride`, or twice
    that with `key_channels`; None: `stride`."""
    key_channels: Count | None = 128
    """Channels of queries and keys after a head; None: those of the backbone."""
    shared_encoder: bool = True
    """`Enc_cur` and `Enc_key` share their weights."""
    decoder: bool = True
    """Whether there are a value encoder and a decoder; without them attention alone carries
    masks."""
    decoder_skips: bool = True
    """The decoder also reads the query encoder's finer features."""
    decoder_width: Count = 64
    """Channels of the decoder's first block."""
    value_patches: bool = True
    """Values come from a shallow encoder of patches, which is enough for masks; False: from a
    backbone (paper)."""
    value_channels: Count = 64
    attention: AttentionConfig = field(default_factory=AttentionConfig)

    def __post_init__(self) -> None:
        if self.deep_stride in (None, self.stride):
            return
        if self.deep_stride != 2 * self.stride or self.key_channels is None:
            raise ValueError(
                f"deep_stride: expected {self.stride}, or {2 * self.stride} with key_channels, "
                f"got {self.deep_stride}"
            )


PRESETS = {
    "default": NetworkConfig(deep_stride=16, key_channels=64),
    "paper": NetworkConfig(
        key_channels=None,
        shared_encoder=False,
        decoder_skips=False,
        decoder_width=128,
        value_patches=False,
        value_channels=256,
        # The square root of the 256 channels, the usual scale of attention. Unscaled, the products
        # are so large that each query attends to a single key and hardly learns.
        attention=AttentionConfig(temperature=16.0, cosine=False),
    ),
}
"""`paper` follows the paper's text. `default` shares query and key weights, compares by cosine and
gives the decoder skips; its value encoder and decoder are small, since they run once per object."""
