"""The CT-VOS network and its presets (Fig. 2 and 3 of the paper)."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, nn

from ctvos_core.network.attention import AttentionConfig
from ctvos_core.network.decoder import Decoder
from ctvos_core.network.encoder import SKIP_CHANNELS, Encoder, Features
from ctvos_core.network.values import BackboneValues, PatchValues


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the network's parameters and how it compares keys."""

    backbone: str = "resnet18"
    stride: int = 8
    """Input pixels per cell of queries, keys and values."""
    deep_stride: int | None = None
    """Input pixels per cell of the last stage of the query and key encoders; None: `stride`."""
    key_channels: int | None = 128
    """Channels of queries and keys after a head; None: those of the backbone."""
    shared_encoder: bool = True
    """`Enc_cur` and `Enc_key` share their weights."""
    decoder: bool = True
    """Whether there is a value encoder and a decoder; without, attention alone carries masks."""
    decoder_skips: bool = True
    """The decoder sees the query's finer features."""
    decoder_width: int = 64
    """Channels of the decoder where it begins."""
    value_patches: bool = True
    """Values come from a shallow encoder of patches, which is enough for masks; False: from a
    backbone (paper)."""
    value_channels: int = 64
    attention: AttentionConfig = field(default_factory=AttentionConfig)


PRESETS = {
    "default": NetworkConfig(deep_stride=16, key_channels=64),
    "paper": NetworkConfig(
        key_channels=None,
        shared_encoder=False,
        decoder_skips=False,
        decoder_width=128,
        value_patches=False,
        value_channels=256,
        # The root of the 256 channels, as attention is usually scaled. Left plain, the products
        # are so large that each query sees one key only and hardly learns.
        attention=AttentionConfig(temperature=16.0, cosine=False),
    ),
}
"""`paper` follows the paper's text; `default` shares query and key weights, compares by cosine and
gives the decoder skips. Its value encoder and decoder are small, for they run for every object."""


def make_key_encoder(config: NetworkConfig) -> Encoder:
    """The encoder of queries, or of keys."""
    return Encoder(config.backbone, config.stride, config.key_channels, config.deep_stride)


def make_value_encoder(config: NetworkConfig) -> nn.Module:
    """The encoder of values: (B, 3, H, W) to (B, V, h, w)."""
    if config.value_patches:
        return PatchValues(config.stride, config.value_channels)
    return BackboneValues(Encoder(config.backbone, config.stride), config.value_channels)


class CTVOS(nn.Module):
    """Query, key and value encoders and the decoder; attention is applied by the caller.

    Training attends over a clip, propagation over a memory: both call `encode_query`, `encode_key`,
    `encode_value`, an `Attention` and `decode`.
    """

    def __init__(self, config: NetworkConfig = PRESETS["default"]) -> None:
        super().__init__()
        self.config = config
        self.query_encoder = make_key_encoder(config)
        if not config.shared_encoder:
            self.key_encoder = make_key_encoder(config)
        if not config.decoder:
            return
        self.value_encoder = make_value_encoder(config)
        skips = SKIP_CHANNELS[config.backbone] if config.decoder_skips else None
        self.decoder = Decoder(config.value_channels, config.decoder_width, skips)

    def encode_query(self, images: Tensor) -> Features:
        """(B, 3, H, W) Lab images of current frames to query features (Q_t is `.out`)."""
        return self.query_encoder(images)

    def encode_key(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) Lab images of past frames to (B, C, h, w) keys."""
        encoder = self.query_encoder if self.config.shared_encoder else self.key_encoder
        return encoder(images).out

    def encode_value(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) images with cutout, or masks coded -1/+1 three times, to (B, V, h, w)."""
        return self.value_encoder(images)

    def decode(
        self, values: Tensor, query: Features, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Attended values to an image in [-1, 1] and tags in [0, 1]; see `Decoder.forward`."""
        return self.decoder(values, query, size)
