"""Attention from the current frame to remembered ones: full, and local in block-tiled form.

Shapes: B batch, T frames, C channels of queries and keys, V channels of values, h, w cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.network.config import AttentionConfig


class MemoryGroup(NamedTuple):
    """Frames that are attended to in the same way."""

    keys: Tensor
    """(B, T, C, h, w) prepared keys; h and w are the query's, or any if there is no window."""
    values: Tensor
    """(B, T, V, h, w)."""
    radius: int | None
    """Cells: a query sees keys at most so far away in y and in x; None: all of the frame."""


def prepare(x: Tensor, config: AttentionConfig) -> Tensor:
    """Scale queries or keys once, so that their plain product is the logit.

    Args:
        x: (..., C, h, w) raw queries or keys.
        config: temperature and kind of similarity; each side takes half of the factor.
    """
    if config.cosine:
        x = F.normalize(x, dim=-3)
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
            score = _similarities(_tokens(group.keys), queries)
            scores.append(_add_bias(score, group, (0, h, 0, w), (0, h, 0, w)))
            values.append(_tokens(group.values))
        if self.top_k is None:
            attended = _read(scores, values)
        else:
            attended = _read_top(scores, [_from(value) for value in values], self.top_k)
        return attended.transpose(1, 2).unflatten(2, (h, w))


class TiledAttention:
    """The same result from small dense products: the queries of a tile share one block of keys.

    A tile of side t and radius r costs t^2 (t + 2r)^2 C per frame, so the cost is linear in h w and
    the memory that of one tile. Groups without a radius are read in full by every tile.

    Args:
        top_k: keys per query that take part in the softmax; None: all.
        tile: side of a tile in cells.
    """

    def __init__(self, top_k: int | None = None, tile: int = 12) -> None:
        self.top_k, self.tile = top_k, tile

    def __call__(self, query: Tensor, memory: Sequence[MemoryGroup]) -> Tensor:
        """See `Attention`."""
        _check(query, memory)
        seen = [_Seen(group) for group in memory]
        h, w = query.shape[-2:]
        rows = []
        for top in range(0, h, self.tile):
            row = []
            for left in range(0, w, self.tile):
                tile = (top, min(top + self.tile, h), left, min(left + self.tile, w))
                row.append(self._attend_tile(query, seen, tile))
            rows.append(torch.cat(row, -1))
        return torch.cat(rows, -2)

    def _attend_tile(self, query: Tensor, seen: Sequence[_Seen], tile: Area) -> Tensor:
        size = (tile[1] - tile[0], tile[3] - tile[2])
        queries = _tokens(_cut(query[:, None], tile))
        scores = []
        for part in seen:
            block = part.block(tile)
            score = _similarities(_tokens(_cut(part.group.keys, block)), queries)
            scores.append(_add_bias(score, part.group, tile, block))
        if self.top_k is None:
            values = [_tokens(_cut(part.group.values, part.block(tile))) for part in seen]
            attended = _read(scores, values)
        else:
            attended = _read_top(scores, [part.lookup(tile) for part in seen], self.top_k)
        return attended.transpose(1, 2).unflatten(2, size)


class _Seen:
    """A group, as the tiles of one call see it."""

    def __init__(self, group: MemoryGroup) -> None:
        self.group = group
        # Kept with channels last, as propagation keeps them, this is a view.
        self._tokens = _tokens(group.values)

    def block(self, tile: Area) -> Area:
        """The part of the group's frames that the queries of a tile can see."""
        h, w = self.group.keys.shape[-2:]
        if self.group.radius is None:
            return 0, h, 0, w
        reach = self.group.radius
        top, bottom, left, right = tile
        return (
            max(top - reach, 0),
            min(bottom + reach, h),
            max(left - reach, 0),
            min(right + reach, w),
        )

    def lookup(self, tile: Area) -> Callable[[Tensor], Tensor]:
        """How (B, Q, k) places in a tile's block become (B, Q, k, V) values."""
        h, w = self.group.keys.shape[-2:]
        top, bottom, left, right = self.block(tile)
        height, width = bottom - top, right - left

        def values(places: Tensor) -> Tensor:
            y, x = places // width, places % width
            frame, y = y // height, y % height
            index = (frame * h + top + y) * w + left + x
            batch = torch.arange(len(places), device=places.device)[:, None, None]
            return self._tokens[batch, index]

        return values


Area = tuple[int, int, int, int]
"""Top, bottom, left and right edge in cells; bottom and right are the first cells outside."""


def _cut(x: Tensor, area: Area) -> Tensor:
    top, bottom, left, right = area
    return x[..., top:bottom, left:right]


def _add_bias(scores: Tensor, group: MemoryGroup, tile: Area, block: Area) -> Tensor:
    """(B, T N, Q) scores of a block's keys and a tile's queries, changed by the group's window."""
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
    scores.unflatten(1, (-1, len(bias))).add_(bias)
    return scores


@lru_cache(maxsize=256)
def _bias(
    radius: int,
    tile: tuple[int, int],
    block: tuple[int, int],
    offset: tuple[int, int],
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """(cells of the block, cells of the tile) added to the logits; -inf: not to be seen.

    All tiles but those at the border are alike, and so are all frames: it is worth keeping.
    """
    dy, dx = (
        torch.arange(offset[i], offset[i] + block[i], device=device)[:, None]
        - torch.arange(tile[i], device=device)
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


def _from(values: Tensor) -> Callable[[Tensor], Tensor]:
    """How (B, Q, k) places in (B, N, V) values become (B, Q, k, V) values."""
    batch = torch.arange(len(values), device=values.device)[:, None, None]
    return lambda places: values[batch, places]


def _tokens(x: Tensor) -> Tensor:
    """(B, T, C, h, w) to (B, T h w, C)."""
    return x.permute(0, 1, 3, 4, 2).flatten(1, 3)


def _similarities(keys: Tensor, queries: Tensor) -> Tensor:
    """(B, N, C) keys and (B, Q, C) queries of one precision to (B, N, Q) scores of the same."""
    if len(queries) == 1:
        # CPUs take half the time for products of bfloat16, but not for batches of them.
        return (keys[0] @ queries[0].T)[None]
    return keys @ queries.transpose(1, 2)


def _read(scores: Sequence[Tensor], values: Sequence[Tensor]) -> Tensor:
    """Softmax in float32 over the (B, N, Q) scores of all parts, applied to their (B, N, V) values.

    Returns:
        (B, Q, V).
    """
    weights = torch.cat([*scores], 1).float().softmax(1)
    return weights.transpose(1, 2) @ torch.cat([*values], 1).float()


def _read_top(
    scores: Sequence[Tensor], lookups: Sequence[Callable[[Tensor], Tensor]], top_k: int
) -> Tensor:
    """The same of each query's `top_k` largest scores only.

    Args:
        scores: (B, N, Q) per part.
        lookups: per part, places in N to values.
        top_k: how many.

    Returns:
        (B, Q, V).
    """
    # The best of all are among the best of each part: nothing large is joined.
    best = [_top(score, top_k) for score in scores]
    values = torch.cat([look(at) for look, (_, at) in zip(lookups, best, strict=True)], 2)
    joined = torch.cat([score for score, _ in best], -1)
    score, at = joined.topk(min(top_k, joined.shape[2]), sorted=False)
    values = values.gather(2, at[..., None].expand(-1, -1, -1, values.shape[3]))
    return (score.softmax(-1)[:, :, None] @ values.float())[:, :, 0]


_STRANDS = 16


def _top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of (B, N, Q) scores of each query and where they are, (B, Q, k) each; k or N,
    if fewer.

    Exact, in two steps, because sorting is slow and maxima are fast: keys are laid in columns of
    `_STRANDS`, and the k largest scores can only be in the k columns with the largest maxima.
    """
    B, N, Q = scores.shape
    columns = N // _STRANDS
    if columns <= k:
        return scores.transpose(1, 2).float().topk(min(k, N), sorted=False)
    even = columns * _STRANDS
    table = scores[:, :even].unflatten(1, (_STRANDS, columns))
    best = table.amax(1).transpose(1, 2).float().topk(k, sorted=False).indices
    index = best.transpose(1, 2)[:, None].expand(B, _STRANDS, k, Q)
    candidates = torch.cat([table.gather(2, index).flatten(1, 2), scores[:, even:]], 1)
    strands = torch.arange(_STRANDS, device=scores.device)[:, None] * columns
    rest = torch.arange(even, N, device=scores.device).expand(B, Q, -1)
    places = torch.cat([(best[:, :, None] + strands).flatten(2), rest], -1)
    top, at = candidates.transpose(1, 2).float().topk(k, sorted=False)
    return top, places.gather(-1, at)
