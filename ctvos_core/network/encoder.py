"""Residual encoders cut after stage 4 of the paper's numbering (torchvision's `layer3`)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

BACKBONES = {"resnet18": 256, "resnet50": 1024}
"""Name of each backbone and the number of channels it ends with."""
SKIP_CHANNELS = {"resnet18": (64, 128), "resnet50": (256, 512)}
"""Channels after `layer1` and `layer2`."""


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
        head_channels: channels that a head of 1x1 convolutions ends with; None: no head.
        deep_stride: input pixels per cell of `layer3`; None: `stride`. Twice the stride costs a
            quarter in the stage that costs most; the head then joins it with the finer `layer2`.
    """

    def __init__(
        self,
        backbone: str = "resnet18",
        stride: int = 8,
        head_channels: int | None = None,
        deep_stride: int | None = None,
    ) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"backbone: expected one of {sorted(BACKBONES)}, got {backbone!r}")
        if stride not in (4, 8, 16):
            raise ValueError(f"stride: expected 4, 8 or 16, got {stride}")
        deep_stride = deep_stride or stride
        if deep_stride != stride and (deep_stride != 2 * stride or not head_channels):
            raise ValueError(
                f"deep_stride: expected {stride}, or {2 * stride} with a head, got {deep_stride}"
            )
        resnet = getattr(torchvision.models, backbone)(weights=None)
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool)
        self.layer1, self.layer2, self.layer3 = resnet.layer1, resnet.layer2, resnet.layer3
        if deep_stride <= 8:
            _drop_stride(self.layer3)
        if stride <= 4:
            _drop_stride(self.layer2)
        self.stride = stride
        self.channels = head_channels or BACKBONES[backbone]
        self.head: nn.Module = nn.Identity()
        self.join: nn.Module | None = None
        if head_channels and deep_stride > stride:
            self.join = _Join(SKIP_CHANNELS[backbone][1], BACKBONES[backbone], 128)
            self.head = nn.Conv2d(128, head_channels, 1)
        elif head_channels:
            self.head = nn.Sequential(
                nn.Conv2d(BACKBONES[backbone], 256, 1),
                nn.ReLU(inplace=True),
                nn.Conv2d(256, head_channels, 1),
            )

    def forward(self, image: Tensor) -> Features:
        """Encode (B, 3, H, W) images in about [-1, 1]; H and W multiples of `stride`."""
        skip4 = self.layer1(self.stem(image))
        skip8 = self.layer2(skip4)
        deep = self.layer3(skip8)
        joined = deep if self.join is None else self.join(skip8, deep)
        return Features(skip4, skip8, self.head(joined))


class _Join(nn.Module):
    """Adds a map to a finer one of half its stride and mixes both.

    Args:
        fine: channels of the finer map.
        deep: channels of the coarser map.
        out: channels of the result.
    """

    def __init__(self, fine: int, deep: int, out: int) -> None:
        super().__init__()
        self.from_fine = nn.Conv2d(fine, out, 1, bias=False)
        self.fine_norm = nn.BatchNorm2d(out)
        self.from_deep = nn.Conv2d(deep, out, 1, bias=False)
        self.deep_norm = nn.BatchNorm2d(out)
        self.mix = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.mix_norm = nn.BatchNorm2d(out)

    def forward(self, fine: Tensor, deep: Tensor) -> Tensor:
        """(B, fine, h, w) and (B, deep, ceil(h/2), ceil(w/2)) to (B, out, h, w)."""
        grown = _double(self.deep_norm(self.from_deep(deep)), fine.shape[-2:])
        x = F.relu(self.fine_norm(self.from_fine(fine)) + grown)
        return F.relu(self.mix_norm(self.mix(x)))


def _double(x: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Bilinear to twice the cells: cell j comes to lie on cell 2j, where its centre is."""
    h, w = x.shape[-2:]
    x = F.interpolate(x, (2 * h - 1, 2 * w - 1), mode="bilinear", align_corners=True)
    return F.pad(x, (0, size[1] - x.shape[-1], 0, size[0] - x.shape[-2]), mode="replicate")


def _drop_stride(stage: nn.Module) -> None:
    for module in stage.modules():
        if isinstance(module, nn.Conv2d) and module.stride != (1, 1):
            module.stride = (1, 1)
