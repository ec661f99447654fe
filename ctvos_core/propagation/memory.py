"""What is remembered of past frames: keys and soft labels, bounded however long the video is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.network.attention import MemoryGroup


class FrameMemory:
    """The given frames, of which the first is never dropped, and the last few frames.

    Args:
        given: most frames with given masks that are kept; beyond it the oldest but the first goes.
        recent: frames before the current one that are kept.
        given_radius: window in cells for the given frames; None: all of the frame.
        recent_radius: window in cells for the recent frames.
        recent_spread: see `MemoryGroup.spread`, for the recent frames.
    """

    def __init__(
        self,
        given: int,
        recent: int,
        given_radius: int | None,
        recent_radius: int | None,
        recent_spread: float | None,
    ) -> None:
        self._limits = (given, recent)
        self._windows = ((given_radius, None), (recent_radius, recent_spread))
        self._given: list[tuple[Tensor, Tensor]] = []
        self._recent: list[tuple[Tensor, Tensor]] = []

    def __bool__(self) -> bool:
        return bool(self._given)

    def add(self, key: Tensor, value: Tensor, given: bool) -> None:
        """Remember a frame.

        Args:
            key: (C, h, w) prepared keys.
            value: (K+1, V, h, w), a block of channels per slot.
            given: whether its mask was given rather than propagated.
        """
        most_given, most_recent = self._limits
        if given:
            self._given.append((key, value))
            if len(self._given) > most_given:
                del self._given[1]
        elif most_recent:
            self._recent = [*self._recent, (key, value)][-most_recent:]

    def groups(self, slots: int) -> list[MemoryGroup]:
        """What attention reads: values of all `slots` slots, flattened to (slots V, h, w).

        A frame older than an object remembers zeros for it.
        """
        kept = zip((self._given, self._recent), self._windows, strict=True)
        return [
            MemoryGroup(
                _stack([key for key, _ in frames]),
                _stack([_widen(value, slots).flatten(0, 1) for _, value in frames]),
                *window,
            )
            for frames, window in kept
            if frames
        ]


def _widen(value: Tensor, slots: int) -> Tensor:
    return F.pad(value, (0, 0, 0, 0, 0, 0, 0, slots - len(value)))


def _stack(frames: list[Tensor]) -> Tensor:
    """(C, h, w) tensors as one (1, T, C, h, w), stored with channels last as attention reads it."""
    return torch.stack([x.permute(1, 2, 0) for x in frames]).permute(0, 3, 1, 2)[None]
