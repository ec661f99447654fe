"""From attention to soft masks: labels carried as they are, decoded by the network, or both.

A readout turns soft masks into values to remember and attended values into soft masks. Soft masks
are (K+1, h parts, w parts) probabilities of the background and of K objects, in parts of cells
(`Readout.parts`). Values are (K, V, h, w), V channels per object: the background is what is left.
"""

from __future__ import annotations

from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.encoder import Features
from ctvos_core.propagation.labels import cells_to_pixels

ReadoutName = Literal["copy", "decoder", "blend"]
_TOGETHER = 16
"""Most objects that are encoded or decoded at once: a bound on memory."""


class Readout(Protocol):
    """See the module."""

    parts: int
    """By how many a cell is divided in y and in x."""

    def values(self, soft: Tensor) -> Tensor:
        """(K+1, h parts, w parts) soft masks of a frame to (K, V, h, w) values to remember."""
        ...

    def read(self, attended: Tensor, query: Features) -> Tensor:
        """(K, V, h, w) attended values to (K+1, h parts, w parts) soft masks."""
        ...


class CopyReadout:
    """Attention applied to the labels themselves: needs no decoder.

    A cell's value is its label map at the resolution of its parts, so that outlines keep more
    detail than the cells that are compared.
    """

    def __init__(self, parts: int) -> None:
        self.parts = parts

    def values(self, soft: Tensor) -> Tensor:
        """See `Readout`."""
        return F.pixel_unshuffle(soft[1:, None], self.parts)

    def read(self, attended: Tensor, query: Features) -> Tensor:
        """See `Readout`."""
        objects = F.pixel_shuffle(attended, self.parts)[:, 0]
        return torch.cat([(1 - objects.sum(0, keepdim=True)).clamp_min(0), objects])


class DecoderReadout:
    """The paper's: `Enc_val` sees masks coded -1/+1 in three channels, `Dec_cur` returns them.

    The mean of the three output channels, thresholded at 0 for one object (Fig. 3), is here the
    probability (mean + 1) / 2, and several objects are merged by soft aggregation of their odds.
    Parts are the pixels of stride 2 at which the decoder ends.
    """

    def __init__(self, model: CTVOS) -> None:
        if not model.config.decoder:
            raise InputError(
                "readout_unavailable",
                "readout: expected copy, the model was trained without a decoder",
            )
        self.model = model
        self.parts = model.config.stride // 2
        self._dtype = next(model.parameters()).dtype

    def values(self, soft: Tensor) -> Tensor:
        """See `Readout`."""
        stride = self.model.config.stride
        size = (soft.shape[1] // self.parts * stride, soft.shape[2] // self.parts * stride)
        values = []
        for some in soft[1:].split(_TOGETHER):
            masks = 2 * cells_to_pixels(some, size, stride, self.parts) - 1
            coded = masks[:, None].expand(-1, 3, -1, -1).to(self._dtype)
            values.append(self.model.encode_value(coded).float())
        return torch.cat(values)

    def read(self, attended: Tensor, query: Features) -> Tensor:
        """See `Readout`."""
        H, W = (side * self.parts for side in attended.shape[-2:])
        images = [
            self.model.decode(some.to(self._dtype), query, (H, W))[0].float().mean(1)
            for some in attended.split(_TOGETHER)
        ]
        soft = aggregate((torch.cat(images) + 1) / 2)
        # The decoder's first pixel is the image's; the first part of a cell is half a cell before.
        half = self.parts // 2
        return F.pad(soft[None], (half, 0, half, 0), mode="replicate")[0, :, :H, :W]


class BlendReadout:
    """The mean of the two others."""

    def __init__(self, model: CTVOS, parts: int) -> None:
        self.decoder = DecoderReadout(model)
        self.parts = self.decoder.parts
        self.copy = CopyReadout(min(parts, self.parts))
        self._factor = self.parts // self.copy.parts

    def values(self, soft: Tensor) -> Tensor:
        """See `Readout`."""
        copied = self.copy.values(F.avg_pool2d(soft, self._factor))
        return torch.cat([copied, self.decoder.values(soft)], 1)

    def read(self, attended: Tensor, query: Features) -> Tensor:
        """See `Readout`."""
        labels, values = attended.tensor_split([self.copy.parts**2], 1)
        copied = self.copy.read(labels, query)[None]
        grown = F.interpolate(
            copied, scale_factor=self._factor, mode="bilinear", align_corners=False
        )
        return (grown[0] + self.decoder.read(values, query)) / 2


def best_readout(model: CTVOS) -> ReadoutName:
    """The one that scored best on the development set, of those that a model can do."""
    return "blend" if model.config.decoder else "copy"


def make_readout(name: ReadoutName | None, model: CTVOS, parts: int) -> Readout:
    """A readout.

    Args:
        name: which; None: `best_readout`.
        model: the network.
        parts: of a cell, in which labels are copied.

    Raises:
        InputError: no such readout, or `model` has no decoder and the readout needs one.
    """
    name = name or best_readout(model)
    if name == "copy":
        return CopyReadout(parts)
    if name == "decoder":
        return DecoderReadout(model)
    if name == "blend":
        return BlendReadout(model, parts)
    raise InputError("readout_unknown", f"readout: expected copy, decoder or blend, got {name!r}")


def aggregate(masks: Tensor) -> Tensor:
    """Soft aggregation: (K, H, W) independent probabilities to (K+1, H, W) that sum to 1.

    The background's probability is the product of the objects' complements; odds are normalised.
    """
    background = (1 - masks).prod(0, keepdim=True)
    p = torch.cat([background, masks]).clamp(1e-6, 1 - 1e-6)
    odds = p / (1 - p)
    return odds / odds.sum(0)
