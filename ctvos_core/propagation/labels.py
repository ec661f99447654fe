"""Label maps in pixels to scores in cells and back; the users' ids to tensor slots and back.

Cell j of stride s is centred on pixel s*j (see `network.encoder.Features`), so a cell stands for
the pixels from s*j - s/2 to s*j + s/2 - 1. Slot 0 is the background, slot k the k-th object.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.errors import InputError


class ObjectSlots:
    """Which tensor slot each of the user's object ids has: their order in `ids`, from 1."""

    def __init__(self, ids: Sequence[int] = ()) -> None:
        self.ids = list(ids)

    def add(self, masks: np.ndarray, objects: Sequence[int] | None) -> list[int]:
        """Give every new id of an (H, W) label map a slot.

        Returns:
            The ids that the map speaks for: `objects`, by default those present in it.
        """
        present = [int(i) for i in np.unique(masks) if i]
        named = present if objects is None else [*objects]
        if not set(present) <= set(named):
            raise InputError(
                "mask_ids_unexpected", f"masks: expected only ids {named}, got {present}"
            )
        self.ids += [i for i in named if i not in self.ids]
        return named

    def to_slots(self, labels: np.ndarray) -> Tensor:
        """(H, W) uint8 ids to (H, W) int64 slots."""
        table = np.zeros(256, np.int64)
        table[self.ids] = np.arange(1, len(self.ids) + 1)
        return torch.from_numpy(table[labels])


def check_labels(labels: np.ndarray, height: int, width: int) -> None:
    """Raise InputError unless `labels` is a uint8 label map of the frame's size."""
    if labels.dtype != np.uint8 or labels.ndim != 2:
        raise InputError(
            "mask_not_a_label_map",
            f"masks: expected a uint8 array (H, W) of object ids, got {labels.dtype} of shape "
            f"{labels.shape}",
        )
    if labels.shape != (height, width):
        raise InputError(
            "mask_size_mismatch",
            f"masks: expected {width}x{height} as the frame, got {labels.shape[1]}x"
            f"{labels.shape[0]}",
        )


def one_hot(slots: Tensor, count: int) -> Tensor:
    """(H, W) slots of `count` objects to (K+1, H, W) float32 with a single 1 per pixel."""
    return F.one_hot(slots, count + 1).permute(2, 0, 1).float()


def pixels_to_cells(soft: Tensor, cells: tuple[int, int], stride: int, parts: int = 1) -> Tensor:
    """Mean of the pixels that each cell, or each part of a cell, stands for.

    Args:
        soft: (K+1, H, W) at the network's working size.
        cells: (h, w).
        stride: pixels per cell.
        parts: by how many a cell is divided in y and in x.

    Returns:
        (K+1, h parts, w parts).
    """
    h, w = cells
    before = stride // 2
    right = max(w * stride - before - soft.shape[2], 0)
    bottom = max(h * stride - before - soft.shape[1], 0)
    padded = F.pad(soft[None], (before, right, before, bottom), mode="replicate")
    return F.avg_pool2d(padded, stride // parts)[0, :, : h * parts, : w * parts]


def cells_to_pixels(scores: Tensor, size: tuple[int, int], stride: int, parts: int = 1) -> Tensor:
    """(K+1, h parts, w parts) scores of parts of cells to (K+1, H, W) at the working size.

    Bilinear between the centres of the parts.
    """
    H, W = size
    grown = F.pad(scores[None], (0, parts, 0, parts), mode="replicate")
    factor = stride // parts
    pixels = F.interpolate(grown, scale_factor=factor, mode="bilinear", align_corners=False)
    start = stride // 2
    return pixels[0, :, start : start + H, start : start + W]


def telling_cells(cells: Tensor) -> Tensor:
    """(h, w) bool: which cells of a given frame are worth remembering.

    All on objects and two around them, and of the rest, the background far from any object, every
    second in y and in x.
    """
    far = F.max_pool2d((cells[0] < 1).float()[None], 5, 1, 2)[0] == 0
    ys, xs = (torch.arange(side, device=cells.device) for side in far.shape)
    return ~far | ((ys[:, None] % 2 == 0) & (xs % 2 == 0))


def prune(soft: Tensor, below: float) -> Tensor:
    """(K+1, ...) probabilities with those under `below` set to 0 and the rest summing to 1.

    The greatest always stay: of many slots that share a cell, all may be under `below`.
    """
    kept = torch.where(soft < soft.amax(0, keepdim=True).clamp(max=below), 0.0, soft)
    return kept / kept.sum(0)


def render(
    soft: Tensor,
    ids: Sequence[int],
    size: tuple[int, int],
    working: tuple[int, int],
    stride: int,
    parts: int,
) -> np.ndarray:
    """The most probable object of every pixel of a frame.

    Args:
        soft: (K+1, h parts, w parts) in parts of cells.
        ids: the K objects' ids.
        size: (H, W) of the frame.
        working: (H', W').
        stride: pixels of the working size per cell.
        parts: by how many a cell is divided in y and in x.

    Returns:
        (H, W) uint8 ids.
    """
    best = torch.full(size, -1.0, device=soft.device)
    labels = torch.zeros(size, dtype=torch.uint8, device=soft.device)
    # Slot by slot, so that many objects in a large frame need no more memory than one.
    for slot, value in enumerate((0, *ids)):
        layer = cells_to_pixels(soft[slot : slot + 1].float(), working, stride, parts)
        if working != size:
            layer = F.interpolate(layer[None], size, mode="bilinear", align_corners=False)[0]
        better = layer[0] > best
        best = torch.where(better, layer[0], best)
        labels.masked_fill_(better, value)
    return labels.cpu().numpy()
