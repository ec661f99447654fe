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
        self._recent: _Ring | None = None

    def __bool__(self) -> bool:
        return bool(self._given)

    def add_given(self, key: Tensor, value: Tensor, keep: Tensor) -> None:
        """Remember a frame whose mask was given.

        Args:
            key: (C, h, w) prepared keys.
            value: (K, V, h, w), a block of channels per object.
            keep: (h, w) bool, the cells worth keeping.
        """
        self._given.append((key[:, keep], value[:, :, keep]))
        if len(self._given) > self._limits[0]:
            del self._given[1]

    def add_recent(self, key: Tensor, value: Tensor) -> None:
        """Remember the current frame for a while; arguments as for `add_given`."""
        if self._limits[1] == 0:
            return
        if self._recent is None:
            self._recent = _Ring(self._limits[1], key, value)
        self._recent.add(key, value)

    def forget_recent(self) -> None:
        """Drop the recent frames."""
        self._recent = None

    def groups(self, objects: int) -> list[MemoryGroup]:
        """What attention reads: values of so many objects, flattened to (objects V, h, w).

        A frame older than an object remembers zeros for it. The kept cells of the given frames
        stand in one row.
        """
        keys = torch.cat([key for key, _ in self._given], 1)
        values = torch.cat([_widen(value, objects).flatten(0, 1) for _, value in self._given], 1)
        groups = [MemoryGroup(_in_a_row(keys), _in_a_row(values), None)]
        if self._recent is not None:
            groups.append(MemoryGroup(*self._recent.read(objects), self._radius))
        return groups


class _Ring:
    """The last few frames in place, channels last as attention reads them: nothing is copied.

    Attention does not care for the order of frames.
    """

    def __init__(self, frames: int, key: Tensor, value: Tensor) -> None:
        C, h, w = key.shape
        self._keys = key.new_empty(frames, h, w, C)
        self._values = value.new_empty(frames, h, w, *value.shape[:2])
        self._added = 0

    def add(self, key: Tensor, value: Tensor) -> None:
        """Put a frame in the place of the oldest; arguments as for `FrameMemory.add_given`."""
        self._widen(len(value))
        at = self._added % len(self._keys)
        self._keys[at] = key.permute(1, 2, 0)
        self._values[at] = _widen(value, self._values.shape[3]).permute(2, 3, 0, 1)
        self._added += 1

    def read(self, objects: int) -> tuple[Tensor, Tensor]:
        """(1, T, C, h, w) keys and (1, T, objects V, h, w) values."""
        self._widen(objects)
        n = min(self._added, len(self._keys))
        keys, values = self._keys[:n], self._values[:n].flatten(3)
        return keys.permute(0, 3, 1, 2)[None], values.permute(0, 3, 1, 2)[None]

    def _widen(self, objects: int) -> None:
        missing = objects - self._values.shape[3]
        if missing > 0:
            zeros = self._values.new_zeros(
                *self._values.shape[:3], missing, *self._values.shape[4:]
            )
            self._values = torch.cat([self._values, zeros], 3)


def _widen(value: Tensor, objects: int) -> Tensor:
    """(K, V, ...) to (objects, V, ...)."""
    return torch.cat([value, value.new_zeros(objects - len(value), *value.shape[1:])])


def _in_a_row(x: Tensor) -> Tensor:
    """(C, N) as (1, 1, C, 1, N), stored with channels last."""
    return x.T.contiguous().T[None, None, :, None]
