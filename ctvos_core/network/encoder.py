"""Residual encoders cut after stage 4 of the paper's numbering (torchvision's `layer3`)."""

from __future__ import annotations

from typing import NamedTuple

import torchvision
from torch import Tensor, nn

BACKBONES = {"resnet18": 256, "resnet50": 1024}
"""Name of each backbone and the number of channels it ends with."""


class Features(NamedTuple):
    """What an encoder returns. Cell j of a map of stride s is centred on input pixel s*j."""

    skip4: Tensor
    """(B, C1, H/4, W/4) after `layer1`."""
    skip8: Tensor
    """(B, C2, H/8, W/8) after `layer2`, or stride 4 when the encoder's stride is 4."""
    out: Tensor
    """(B, C, H/stride, W/stride) after `layer3` and the head, if there is one."""


class Encoder(nn.Module):
    """ResNet through `layer3` with the strides of its last stages lowered (paper, Section 3.1).

    Args:
        backbone: a key of `BACKBONES`. Weights are random: nothing pre-trained is ever loaded.
        stride: input pixels per output cell, 16, 8 or 4.
        head_channels: channels that a head of two 1x1 convolutions ends with; None: no head.
    """

    def __init__(
        self, backbone: str = "resnet18", stride: int = 8, head_channels: int | None = None
    ) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"backbone: expected one of {sorted(BACKBONES)}, got {backbone!r}")
        if stride not in (4, 8, 16):
            raise ValueError(f"stride: expected 4, 8 or 16, got {stride}")
        resnet = getattr(torchvision.models, backbone)(weights=None)
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool)
        self.layer1, self.layer2, self.layer3 = resnet.layer1, resnet.layer2, resnet.layer3
        if stride <= 8:
            _drop_stride(self.layer3)
        if stride <= 4:
            _drop_stride(self.layer2)
        self.stride = stride
        self.channels = head_channels or BACKBONES[backbone]
        self.head: nn.Module = nn.Identity()
        if head_channels:
            self.head = nn.Sequential(
                nn.Conv2d(BACKBONES[backbone], 256, 1),
                nn.ReLU(inplace=True),
                nn.Conv2d(256, head_channels, 1),
            )

    def forward(self, image: Tensor) -> Features:
        """Encode (B, 3, H, W) images in about [-1, 1]; H and W multiples of `stride`."""
        skip4 = self.layer1(self.stem(image))
        skip8 = self.layer2(skip4)
        return Features(skip4, skip8, self.head(self.layer3(skip8)))


def _drop_stride(stage: nn.Module) -> None:
    for module in stage.modules():
        if isinstance(module, nn.Conv2d) and module.stride != (1, 1):
            module.stride = (1, 1)
