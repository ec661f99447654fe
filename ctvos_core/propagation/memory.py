"""What is remembered of past frames: keys and soft labels, bounded however long the video is."""

from __future__ import annotations

import torch
from torch import Tensor

from ctvos_core.network.attention import MemoryGroup


class FrameMemory:
    """The given frames, of which the first is never dropped, and the last few frames.

    Args:
        given: most frames with given masks that are kept; beyond it the oldest but the first goes.
        recent: frames before the current one that are kept.
        radius: window in cells in the recent frames; given frames are seen as a whole.
    """

    def __init__(self, given: int, recent: int, radius: int | None) -> None:
        self._limits = (given, recent)
        self._radius = radius
        self._given: list[tuple[Tensor, Tensor]] = []
        self._recent: list[tuple[Tensor, Tensor]] = []

    def __bool__(self) -> bool:
        return bool(self._given)

    def add_given(self, key: Tensor, value: Tensor, keep: Tensor) -> None:
        """Remember a frame whose mask was given.

        Args:
            key: (C, h, w) prepared keys.
            value: (K+1, V, h, w), a block of channels per slot.
            keep: (h, w) bool, the cells worth keeping.
        """
        self._given.append((key[:, keep], value[:, :, keep]))
        if len(self._given) > self._limits[0]:
            del self._given[1]

    def add_recent(self, key: Tensor, value: Tensor) -> None:
        """Remember a frame whose mask was propagated; arguments as for `add_given`."""
        if self._limits[1]:
            self._recent = [*self._recent, (key, value)][-self._limits[1] :]

    def groups(self, slots: int) -> list[MemoryGroup]:
        """What attention reads: values of all `slots` slots, flattened to (slots V, h, w).

        A frame older than an object remembers zeros for it. The kept cells of the given frames
        stand in one row.
        """
        keys = torch.cat([key for key, _ in self._given], 1)
        values = torch.cat([_widen(value, slots) for _, value in self._given], 1)
        groups = [MemoryGroup(_stack([keys[:, None]]), _stack([values[:, None]]), None)]
        if self._recent:
            keys = _stack([key for key, _ in self._recent])
            values = _stack([_widen(value, slots) for _, value in self._recent])
            groups.append(MemoryGroup(keys, values, self._radius))
        return groups


def _widen(value: Tensor, slots: int) -> Tensor:
    """(K+1, V, ...) to (slots V, ...)."""
    missing = value.new_zeros(slots - len(value), *value.shape[1:])
    return torch.cat([value, missing]).flatten(0, 1)


def _stack(frames: list[Tensor]) -> Tensor:
    """(C, h, w) tensors as one (1, T, C, h, w), stored with channels last as attention reads it."""
    return torch.stack([x.permute(1, 2, 0) for x in frames]).permute(0, 3, 1, 2)[None]
