"""`Dec_cur`: attended values to an image and a tag map (paper, Section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctvos_core.network.encoder import Features


class Decoder(nn.Module):
    """Upsamples attended values, with the query's finer features at the way if `skip_channels`.

    Args:
        value_channels: V, channels of the attended values.
        skip_channels: channels of the query's stride-4 and stride-8 features; None: no skips
            (paper).
    """

    def __init__(self, value_channels: int, skip_channels: tuple[int, int] | None) -> None:
        super().__init__()
        skip4, skip8 = skip_channels or (0, 0)
        self.uses_skips = skip_channels is not None
        self.coarse = _block(value_channels + skip8, 128)
        self.middle = _block(128 + skip4, 64)
        self.fine = _block(64, 32)
        self.image_head = nn.Conv2d(32, 3, 3, padding=1)
        self.tag_head = nn.Conv2d(32, 1, 3, padding=1)

    def forward(
        self, values: Tensor, query: Features, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Decode.

        Args:
            values: (B, V, h, w) attended values.
            query: features of the B current frames.
            size: (H, W) of the outputs in pixels.

        Returns:
            (B, 3, H, W) image in [-1, 1] and (B, 1, H, W) tags in [0, 1].
        """
        h, w = query.skip4.shape[-2:]
        x = values
        if self.uses_skips:
            x = torch.cat([x, _resize(query.skip8, x.shape[-2:])], 1)
        x = _resize(self.coarse(x), (h, w))
        if self.uses_skips:
            x = torch.cat([x, query.skip4], 1)
        x = _resize(self.middle(x), (2 * h, 2 * w))
        x = self.fine(x)
        image, tags = self.image_head(x).tanh(), self.tag_head(x).sigmoid()
        return _resize(image, size), _resize(tags, size)


def _block(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def _resize(x: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    if x.shape[-2:] == tuple(size):
        return x
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
