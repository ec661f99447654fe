"""The CT-VOS network (Fig. 2 and 3 of the paper)."""

from __future__ import annotations

from torch import Tensor, nn

from ctvos_core.network.config import PRESETS, NetworkConfig
from ctvos_core.network.decoder import Decoder
from ctvos_core.network.encoder import SKIP_CHANNELS, Encoder, Features
from ctvos_core.network.values import BackboneValues, PatchValues


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
