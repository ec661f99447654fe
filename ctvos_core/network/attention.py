"""Attention from the current frame to remembered ones: full, and local in block-tiled form.

Shapes: B batch, T frames, C channels of queries and keys, V channels of values, h, w cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class MemoryGroup(NamedTuple):
    """Frames that are attended to in the same way."""

    keys: Tensor
    """(B, T, C, h, w) prepared keys; h and w are the query's, or any if there is no window."""
    values: Tensor
    """(B, T, V, h, w)."""
    radius: int | None
    """Cells: a query sees keys at most so far away in y and in x; None: all of the frame."""


@dataclass(frozen=True)
class AttentionConfig:
    """What the similarity of a query and a key is."""

    temperature: float = 0.06
    """Divides the similarities."""
    cosine: bool = True
    """Similarity: cosine, or the plain dot product divided by sqrt(C) (paper)."""


def prepare(x: Tensor, config: AttentionConfig) -> Tensor:
    """Scale queries or keys once, so that their plain product is the logit.

    Args:
        x: (..., C, h, w) raw queries or keys.
        config: temperature and kind of similarity; each side takes half of the factor.
    """
    x = F.normalize(x, dim=-3) if config.cosine else x / x.shape[-3] ** 0.25
    return x * config.temperature**-0.5


class Attention(Protocol):
    """One joint softmax over all cells of all groups that a query may see.

    Queries and keys come from `prepare`. Keys stored with channels last are read fastest.
    """

    def __call__(self, query: Tensor, memory: Sequence[MemoryGroup]) -> Tensor:
        """(B, C, h, w) queries to (B, V, h, w) attended values."""
        ...


class FullAttention:
    """All similarities at once; windows are applied as a mask. Memory grows with (h w)^2 T.

    Args:
        top_k: keys per query that take part in the softmax; None: all.
    """

    def __init__(self, top_k: int | None = None) -> None:
        self.top_k = top_k

    def __call__(self, query: Tensor, memory: Sequence[MemoryGroup]) -> Tensor:
        """See `Attention`."""
        _check(query, memory)
        h, w = query.shape[-2:]
        queries = _tokens(query[:, None])
        scores, values = [], []
        for group in memory:
            score = queries @ _tokens(group.keys).transpose(1, 2)
            scores.append(_add_bias(score, group, (0, h, 0, w), (0, h, 0, w)))
            values.append(_tokens(group.values))
        attended = _read(torch.cat(scores, -1), torch.cat(values, 1), self.top_k)
        return attended.transpose(1, 2).unflatten(2, (h, w))


class TiledAttention:
    """The same result from small dense products: the queries of a tile share one block of keys.

    A tile of side t and radius r costs t^2 (t + 2r)^2 C per frame, so the cost is linear in h w and
    the memory that of one tile. Groups without a radius are read in full by every tile.

    Args:
        top_k: keys per query that take part in the softmax; None: all.
        tile: side of a tile in cells.
        search_every: tiles whose windows show one value only read the groups without a window in
            one of so many calls and keep that value in the others; 1: always read everything.
    """

    def __init__(self, top_k: int | None = None, tile: int = 8, search_every: int = 1) -> None:
        self.top_k, self.tile, self.search_every = top_k, tile, search_every
        self._calls = 0

    def __call__(self, query: Tensor, memory: Sequence[MemoryGroup]) -> Tensor:
        """See `Attention`."""
        _check(query, memory)
        h, w = query.shape[-2:]
        tiles = [
            [
                (top, min(top + self.tile, h), left, min(left + self.tile, w))
                for left in range(0, w, self.tile)
            ]
            for top in range(0, h, self.tile)
        ]
        self._calls += 1
        rows = [
            [
                self._attend_tile(
                    query, memory, tile, (self._calls + y + x) % self.search_every > 0
                )
                for x, tile in enumerate(row)
            ]
            for y, row in enumerate(tiles)
        ]
        return torch.cat([torch.cat(row, -1) for row in rows], -2)

    def _attend_tile(
        self, query: Tensor, memory: Sequence[MemoryGroup], tile: Area, may_rest: bool
    ) -> Tensor:
        blocks = [_visible(group, tile) for group in memory]
        parts = [
            _tokens(_cut(group.values, block)) for group, block in zip(memory, blocks, strict=True)
        ]
        size = (tile[1] - tile[0], tile[3] - tile[2])
        windowed = [part for part, g in zip(parts, memory, strict=True) if g.radius is not None]
        if may_rest and windowed and _is_constant(seen := torch.cat(windowed, 1)):
            return _fill(seen, size)
        values = torch.cat(parts, 1)
        if _is_constant(values):
            # Far from every object all values are the same, whatever the similarities are.
            return _fill(values, size)
        queries = _tokens(_cut(query[:, None], tile))
        scores = []
        for group, block in zip(memory, blocks, strict=True):
            score = queries @ _tokens(_cut(group.keys, block)).transpose(1, 2)
            scores.append(_add_bias(score, group, tile, block))
        attended = _read(torch.cat(scores, -1), values, self.top_k)
        return attended.transpose(1, 2).unflatten(2, size)


Area = tuple[int, int, int, int]
"""Top, bottom, left and right edge in cells; bottom and right are the first cells outside."""


def _is_constant(values: Tensor) -> bool:
    return torch.equal(values, values[:, :1].expand_as(values))


def _fill(values: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, V, *size) of the first of (B, N, V) values."""
    return values[:, 0, :, None, None].expand(-1, -1, *size)


def _cut(x: Tensor, area: Area) -> Tensor:
    top, bottom, left, right = area
    return x[..., top:bottom, left:right]


def _visible(group: MemoryGroup, tile: Area) -> Area:
    """The part of a group's frames that the queries of a tile can see."""
    h, w = group.keys.shape[-2:]
    if group.radius is None:
        return 0, h, 0, w
    reach = group.radius
    top, bottom, left, right = tile
    return max(top - reach, 0), min(bottom + reach, h), max(left - reach, 0), min(right + reach, w)


def _add_bias(scores: Tensor, group: MemoryGroup, tile: Area, block: Area) -> Tensor:
    """(B, Q, T N) scores of a tile's queries and a block's keys, changed by the group's window."""
    if group.radius is None:
        return scores
    bias = _bias(
        group.radius,
        (tile[1] - tile[0], tile[3] - tile[2]),
        (block[1] - block[0], block[3] - block[2]),
        (block[0] - tile[0], block[2] - tile[2]),
        scores.dtype,
        scores.device,
    )
    # One bias serves all T frames.
    return (scores.unflatten(2, (-1, bias.shape[1])) + bias[:, None]).flatten(2)


@lru_cache(maxsize=256)
def _bias(
    radius: int,
    tile: tuple[int, int],
    block: tuple[int, int],
    offset: tuple[int, int],
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """(cells of the tile, cells of the block) added to the logits; -inf: not to be seen.

    All tiles but those at the border are alike, and so are all frames: it is worth keeping.
    """
    dy, dx = (
        torch.arange(tile[i], device=device)[:, None]
        - torch.arange(offset[i], offset[i] + block[i], device=device)
        for i in (0, 1)
    )
    dy, dx = dy[:, None, :, None], dx[None, :, None, :]
    far = torch.maximum(dy.abs(), dx.abs()) > radius
    bias = torch.zeros(far.shape, dtype=dtype, device=device).masked_fill_(far, float("-inf"))
    return bias.flatten(2).flatten(0, 1)


def _check(query: Tensor, memory: Sequence[MemoryGroup]) -> None:
    if not memory:
        raise ValueError("memory: expected at least one group, got none")
    B, C, h, w = query.shape
    for keys, values, radius in memory:
        T, V, *cells = values.shape[1:]
        if radius is not None:
            cells = [h, w]
        if keys.shape != (B, T, C, *cells) or values.shape != (B, T, V, *cells):
            raise ValueError(
                f"memory: expected keys {(B, T, C, *cells)} and values {(B, T, 'V', *cells)}, "
                f"got {tuple(keys.shape)} and {tuple(values.shape)}"
            )


def _tokens(x: Tensor) -> Tensor:
    """(B, T, C, h, w) to (B, T h w, C)."""
    return x.permute(0, 1, 3, 4, 2).flatten(1, 3)


def _read(scores: Tensor, values: Tensor, top_k: int | None) -> Tensor:
    """Softmax in float32 over (B, Q, N) scores, applied to (B, N, V) values: (B, Q, V)."""
    if top_k is None or top_k >= scores.shape[-1]:
        return scores.float().softmax(-1).to(values.dtype) @ values
    scores, index = scores.topk(top_k, dim=-1, sorted=False)
    weights = scores.float().softmax(-1).to(values.dtype)
    batch = torch.arange(len(values), device=values.device)[:, None, None]
    return torch.einsum("bqk,bqkv->bqv", weights, values[batch, index])
