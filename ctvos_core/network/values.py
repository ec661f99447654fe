"""`Enc_val`: images with cutout, or masks, to values; the paper's, and a much cheaper one."""

from __future__ import annotations

from torch import Tensor, nn

from ctvos_core.network.encoder import Encoder


class BackboneValues(nn.Module):
    """A backbone as for keys (paper, Section 3.1).

    Args:
        encoder: without a head.
        channels: V, of the values.
    """

    def __init__(self, encoder: Encoder, channels: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = nn.Conv2d(encoder.channels, channels, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, V, H/stride, W/stride)."""
        return self.projection(self.encoder(images).out)


class PatchValues(nn.Module):
    """Enough for masks: overlapping patches around each cell, and then their neighbours.

    Args:
        stride: pixels per cell.
        channels: V, of the values.
    """

    def __init__(self, stride: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            # Odd, so that cell j is centred on pixel `stride * j` as those of keys are.
            nn.Conv2d(3, channels, 2 * stride - 1, stride, stride - 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, V, H/stride, W/stride)."""
        return self.layers(images)
