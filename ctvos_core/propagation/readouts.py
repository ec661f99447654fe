"""From attention to soft masks: labels carried as they are, decoded by the network, or both.

A readout turns soft masks into values to remember and attended values into soft masks. Soft masks
are (K+1, h', w') probabilities over slots, in parts of cells (`copy`) or in pixels of the working
size (`decoder`, `blend`). Values are (K+1, V, h, w): one block of V channels per slot.
"""

from __future__ import annotations

from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.encoder import Features
from ctvos_core.propagation.labels import cells_to_pixels, pixels_to_cells

ReadoutName = Literal["copy", "decoder", "blend"]


class Readout(Protocol):
    """See the module."""

    def values(self, soft: Tensor, query: Features) -> Tensor:
        """(K+1, h', w') soft masks of a frame to the (K+1, V, h, w) values to remember."""
        ...

    def read(self, attended: Tensor, query: Features, size: tuple[int, int]) -> Tensor:
        """(K+1, V, h, w) attended values to (K+1, h', w') soft masks."""
        ...


class CopyReadout:
    """Attention applied to the labels themselves: needs no decoder.

    A cell's value is its label map at the resolution of its parts, so that outlines keep more
    detail than the cells that are compared.

    Args:
        stride: pixels per cell.
        parts: by how many a cell is divided in y and in x.
    """

    def __init__(self, stride: int, parts: int) -> None:
        self.stride, self.parts = stride, parts

    def values(self, soft: Tensor, query: Features) -> Tensor:
        """See `Readout`."""
        h, w = query.out.shape[-2:]
        if soft.shape[-2:] != (h * self.parts, w * self.parts):
            soft = pixels_to_cells(soft, (h, w), self.stride, self.parts)
        return F.pixel_unshuffle(soft[:, None], self.parts)

    def read(self, attended: Tensor, query: Features, size: tuple[int, int]) -> Tensor:
        """See `Readout`."""
        return F.pixel_shuffle(attended, self.parts)[:, 0]


class DecoderReadout:
    """The paper's: `Enc_val` sees masks coded -1/+1 in three channels, `Dec_cur` returns them.

    The mean of the three output channels, thresholded at 0 for one object (Fig. 3), is here the
    probability (mean + 1) / 2, and several objects are merged by soft aggregation of their odds.
    """

    def __init__(self, model: CTVOS) -> None:
        if not model.config.decoder:
            raise InputError(
                "readout_unavailable",
                "readout: expected copy, the model was trained without a decoder",
            )
        self.model = model

    def values(self, soft: Tensor, query: Features) -> Tensor:
        """See `Readout`."""
        stride = self.model.config.stride
        h, w = query.out.shape[-2:]
        H, W = soft.shape[-2:]
        soft = F.pad(soft[None], (0, w * stride - W, 0, h * stride - H), mode="replicate")[0]
        masks = (2 * soft - 1)[:, None].expand(-1, 3, -1, -1).to(query.out.dtype)
        return self.model.encode_value(masks).float()

    def read(self, attended: Tensor, query: Features, size: tuple[int, int]) -> Tensor:
        """See `Readout`."""
        stride = self.model.config.stride
        h, w = query.out.shape[-2:]
        values = attended[1:].to(query.out.dtype)
        image, _ = self.model.decode(values, query, (h * stride, w * stride))
        mask = (image.float().mean(1) + 1) / 2
        return aggregate(mask[:, : size[0], : size[1]])


class BlendReadout:
    """The mean of the two others."""

    def __init__(self, model: CTVOS, parts: int) -> None:
        self.copy, self.decoder = CopyReadout(model.config.stride, parts), DecoderReadout(model)

    def values(self, soft: Tensor, query: Features) -> Tensor:
        """See `Readout`."""
        return torch.cat([self.copy.values(soft, query), self.decoder.values(soft, query)], 1)

    def read(self, attended: Tensor, query: Features, size: tuple[int, int]) -> Tensor:
        """See `Readout`."""
        split = self.copy.parts**2
        copied = self.copy.read(attended[:, :split], query, size)
        decoded = self.decoder.read(attended[:, split:], query, size)
        return (cells_to_pixels(copied, size, self.copy.stride, self.copy.parts) + decoded) / 2


def make_readout(name: ReadoutName, model: CTVOS, parts: int) -> Readout:
    """The readout of a name; `parts` as for `CopyReadout`.

    Raises:
        InputError: no such readout, or `model` has no decoder and the readout needs one.
    """
    if name == "copy":
        return CopyReadout(model.config.stride, parts)
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
