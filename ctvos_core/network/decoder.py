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
        width: channels at the cells; half of it at stride 4, a quarter at stride 2.
        skip_channels: channels of the query's stride-4 and stride-8 features; None: no skips
            (paper).
    """

    def __init__(
        self, value_channels: int, width: int, skip_channels: tuple[int, int] | None
    ) -> None:
        super().__init__()
        skip4, skip8 = skip_channels or (None, None)
        self.coarse = _Block(value_channels, width, skip8)
        self.middle = _Block(width, width // 2, skip4)
        self.fine = _Block(width // 2, width // 4)
        self.image_head = nn.Conv2d(width // 4, 3, 3, padding=1)
        self.tag_head = nn.Conv2d(width // 4, 1, 3, padding=1)

    def forward(
        self, values: Tensor, query: Features, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Decode.

        Args:
            values: (B, V, h, w) attended values.
            query: features of the B current frames, or of the one frame that they all belong to.
            size: (H, W) of the outputs in pixels.

        Returns:
            (B, 3, H, W) image in [-1, 1] and (B, 1, H, W) tags in [0, 1].
        """
        h, w = query.skip4.shape[-2:]
        x = self.coarse(values, query.skip8)
        x = self.middle(_resize(x, (h, w)), query.skip4)
        x = self.fine(_resize(x, (2 * h, 2 * w)))
        image, tags = self.image_head(x).tanh(), self.tag_head(x).sigmoid()
        return _resize(image, size), _resize(tags, size)


class _Block(nn.Module):
    """A convolution, to which that of a skip is added: once for all objects of a frame."""

    def __init__(self, channels_in: int, channels_out: int, skip: int | None = None) -> None:
        super().__init__()
        self.from_below = _normed_conv(channels_in, channels_out)
        self.from_skip = None if skip is None else _normed_conv(skip, channels_out)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = self.from_below(x)
        if self.from_skip is not None and skip is not None:
            x = x + _resize(self.from_skip(skip), x.shape[-2:])
        return F.relu(x, inplace=True)


def _normed_conv(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out)
    )


def _resize(x: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    if x.shape[-2:] == tuple(size):
        return x
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
