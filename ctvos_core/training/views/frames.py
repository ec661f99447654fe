"""Frames on the device, and views cut out of them there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from ctvos_core.training.footage.cache import FrameCache, Scene

_DECODERS = 8
"""Threads; decoding releases the interpreter lock."""
_SHARE_OF_FREE_MEMORY = 0.5


class Pixels(NamedTuple):
    """Frames of any sizes, end to end."""

    data: Tensor
    """(bytes,) uint8 RGB, row by row."""
    offsets: Tensor
    """(N,) int64: where each frame starts."""
    sizes: Tensor
    """(N, 2) int64 height and width."""

    def to(self, device: torch.device) -> Pixels:
        """On another device."""
        return Pixels(*(part.to(device, non_blocking=True) for part in self))

    def pick(self, index: Tensor) -> Pixels:
        """The frames of an (M,) index, sharing the data."""
        return Pixels(self.data, self.offsets[index], self.sizes[index])


class FrameSource(Protocol):
    """Frames of a cache by their numbers."""

    def load(self, numbers: np.ndarray) -> Pixels:
        """One entry for each of (M,) numbers; called from a thread, ahead of the step."""
        ...


class StreamedFrames:
    """Decodes what a batch needs, when it needs it."""

    def __init__(self, cache: FrameCache, device: torch.device) -> None:
        self._cache, self._pin = cache, device.type == "cuda"
        self._pool = ThreadPoolExecutor(_DECODERS)

    def load(self, numbers: np.ndarray) -> Pixels:
        """See `FrameSource`."""
        different, index = np.unique(numbers, return_inverse=True)
        pixels = _join(list(self._pool.map(self._cache.frame, different.tolist())))
        if self._pin:
            pixels = Pixels(*(part.pin_memory() for part in pixels))
        return pixels.pick(torch.from_numpy(index))


class ResidentFrames:
    """Decodes everything once and keeps it on the device."""

    def __init__(self, cache: FrameCache, device: torch.device) -> None:
        sizes = np.zeros((cache.frame_count, 2), np.int64)
        for scene in cache.scenes:
            sizes[scene.first : scene.first + scene.count] = scene.height, scene.width
        lengths = 3 * sizes.prod(1)
        offsets = lengths.cumsum() - lengths
        self._pixels = Pixels(
            torch.empty(int(lengths.sum()), dtype=torch.uint8, device=device),
            torch.from_numpy(offsets).to(device),
            torch.from_numpy(sizes).to(device),
        )
        with ThreadPoolExecutor(_DECODERS) as pool:
            # In pieces: no second copy of everything on the host.
            used = np.flatnonzero(lengths)
            for piece in np.array_split(used, max(1, len(used) // 512)):
                for number, frame in zip(piece, pool.map(cache.frame, piece.tolist()), strict=True):
                    start = int(offsets[number])
                    flat = torch.from_numpy(frame.reshape(-1))
                    self._pixels.data[start : start + len(flat)].copy_(flat)
        self._device = device

    def load(self, numbers: np.ndarray) -> Pixels:
        """See `FrameSource`."""
        return self._pixels.pick(torch.from_numpy(numbers).to(self._device))


def open_source(cache: FrameCache, device: torch.device, how: str) -> FrameSource:
    """Frames as `TrainingConfig.frames` says."""
    if how == "resident" or (how == "auto" and fits(cache.scenes, device)):
        return ResidentFrames(cache, device)
    return StreamedFrames(cache, device)


def fits(scenes: Sequence[Scene], device: torch.device) -> bool:
    """Whether decoded frames leave room enough on a GPU; never on a CPU, which gains little."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return decoded_bytes(scenes) < _SHARE_OF_FREE_MEMORY * free


def decoded_bytes(scenes: Sequence[Scene]) -> int:
    """Bytes of all frames, decoded."""
    return sum(3 * scene.count * scene.height * scene.width for scene in scenes)


def cut_views(pixels: Pixels, affines: Tensor, side: int) -> Tensor:
    """Bilinear square views; what lies outside of a frame is its mirror image.

    Args:
        pixels: N frames.
        affines: (N, 2, 3) float32 maps from pixels (x, y) of a view to pixels of its frame.
        side: S, pixels.

    Returns:
        (N, 3, S, S) float32 RGB in [0, 1].
    """
    device = affines.device
    axis = torch.arange(side, dtype=torch.float32, device=device)
    ys, xs = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.einsum("nij,yxj->niyx", affines, torch.stack([xs, ys, torch.ones_like(xs)], -1))
    height, width = (size.view(-1, 1, 1) for size in pixels.sizes.unbind(1))
    x, y = _mirror(points[:, 0], width), _mirror(points[:, 1], height)
    left, top = x.long(), y.long()
    right, below = torch.minimum(left + 1, width - 1), torch.minimum(top + 1, height - 1)
    channels = torch.arange(3, device=device)

    def at(row: Tensor, column: Tensor) -> Tensor:
        index = pixels.offsets.view(-1, 1, 1) + 3 * (row * width + column)
        return pixels.data[index[..., None] + channels].float()

    fx, fy = (x - left)[..., None], (y - top)[..., None]
    upper = at(top, left).lerp(at(top, right), fx)
    lower = at(below, left).lerp(at(below, right), fx)
    return upper.lerp(lower, fy).permute(0, 3, 1, 2) / 255


def _mirror(x: Tensor, size: Tensor) -> Tensor:
    last = (size - 1).clamp_min(1)
    inside = last - (x.remainder(2 * last) - last).abs()
    return torch.minimum(inside, (size - 1).to(x.dtype))


def _join(frames: Sequence[np.ndarray]) -> Pixels:
    sizes = np.array([frame.shape[:2] for frame in frames], np.int64)
    lengths = 3 * sizes.prod(1)
    return Pixels(
        torch.from_numpy(np.concatenate([frame.reshape(-1) for frame in frames])),
        torch.from_numpy(lengths.cumsum() - lengths),
        torch.from_numpy(sizes),
    )
