"""What a step minimises: the losses on clips (paper, Section 3.2) and on pairs of views."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctvos_core.network.attention import FullAttention, MemoryGroup, prepare
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.encoder import Features
from ctvos_core.objective.contrastive import contrastive_loss
from ctvos_core.objective.reconstruction import cell_means, copy_loss, reconstruction_loss
from ctvos_core.objective.tagging import (
    TagSample,
    pull_loss,
    push_loss,
    sample_tags,
    tag_cross_entropy,
)
from ctvos_core.training.config import ObjectiveConfig, TrainingConfig
from ctvos_core.training.run.parallel import Workers
from ctvos_core.training.views.clips import ClipBatch
from ctvos_core.training.views.pairs import PairBatch


class Reconstruction(NamedTuple):
    """What the network makes of the current frames of B clips."""

    image: Tensor
    """(B, 3, S, S) in [-1, 1], from the decoder."""
    tags: Tensor
    """(B, S, S) in [0, 1]."""
    copied: Tensor
    """(B, 3, h, w) contents of the cells, carried by attention."""


class Losses(nn.Module):
    """All losses of a batch; as a module, so that gradients can be shared between processes."""

    def __init__(self, network: CTVOS, config: TrainingConfig, workers: Workers) -> None:
        super().__init__()
        self.network, self._config, self._workers = network, config, workers

    def forward(
        self, clips: ClipBatch | None, pairs: PairBatch | None, orders: Tensor | None
    ) -> dict[str, Tensor]:
        """Losses by name, each with its weight, to be summed.

        Args:
            clips: None: no losses on clips.
            pairs: None: no losses on pairs.
            orders: (2, B, S, S) random numbers in [0, 1) that choose the pixels of tagging.
        """
        losses: dict[str, Tensor] = {}
        if clips is not None and orders is not None:
            found = reconstruct(self.network, clips)
            losses |= clip_losses(found, clips, orders, self._config, self._workers)
        if pairs is not None:
            losses["contrastive"] = self._config.pairs.weight * self._contrast(pairs)
        return losses

    def _contrast(self, batch: PairBatch) -> Tensor:
        config = self._config
        images = batch.views.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        features = F.normalize(self.network.encode_query(images).out.float(), dim=1)
        a, b = features.unflatten(0, (-1, 2)).unbind(1)
        points_a, points_b = (batch.points / config.network.stride).unbind(1)
        loss = 0.5 * sum(
            contrastive_loss(
                x, y, p, q, batch.valid, config.pairs.temperature, others=self._workers.others(y)
            )
            for x, y, p, q in ((a, b, points_a, points_b), (b, a, points_b, points_a))
        )
        # A mean over all processes' points, though each has more or fewer of them.
        points = batch.valid.sum().float()
        everyone = self._workers.total(points).clamp_min(1)
        return loss * points * self._workers.count / everyone


def reconstruct(network: CTVOS, clips: ClipBatch) -> Reconstruction:
    """Attend from the current frame to past frames and zoomed views, and decode (Fig. 2)."""
    B, N, _, side, _ = clips.images.shape
    attention = network.config.attention
    if network.config.shared_encoder:
        # In one pass: the same statistics for queries and keys.
        every = network.encode_query(_flat(clips.images))
        query = Features(*(f.unflatten(0, (B, N))[:, -1] for f in every))
        keys = every.out.unflatten(0, (B, N))[:, :-1]
    else:
        query = network.encode_query(_flat(clips.images[:, -1:]))
        keys = network.encode_key(_flat(clips.images[:, :-1])).unflatten(0, (B, N - 1))
    past = clips.contents[:, :-1]
    values = network.encode_value(_flat(past)).unflatten(0, (B, N - 1))
    raw = cell_means(past.flatten(0, 1), network.config.stride).unflatten(0, (B, N - 1))
    memory = MemoryGroup(
        prepare(keys.float(), attention), torch.cat([values.float(), raw], 2), radius=None
    )
    # Similarities and softmax in full precision.
    with torch.autocast(clips.images.device.type, enabled=False):
        attended = FullAttention()(prepare(query.out.float(), attention), [memory])
    decoded, copied = attended.split([values.shape[2], 3], 1)
    image, tags = network.decode(decoded, query, (side, side))
    return Reconstruction(image.float(), tags[:, 0].float(), copied)


def clip_losses(
    found: Reconstruction,
    clips: ClipBatch,
    orders: Tensor,
    config: TrainingConfig,
    workers: Workers,
) -> dict[str, Tensor]:
    """Losses of B reconstructions by name, each with its weight."""
    objective = config.objective
    target = clips.contents[:, -1]
    losses = {"reconstruction": objective.reconstruction * reconstruction_loss(found.image, target)}
    if objective.copy:
        cells = cell_means(target, config.network.stride)
        losses["copy"] = objective.copy * copy_loss(found.copied, cells)
    if objective.tagging and objective.cutout != "none":
        tagging = tagging_loss(found.tags, clips.cutout, orders, objective, workers)
        losses["tagging"] = objective.tagging * tagging
    return losses


def tagging_loss(
    tags: Tensor, cutout: Tensor, orders: Tensor, objective: ObjectiveConfig, workers: Workers
) -> Tensor:
    """`L_c_tagging = L_cp + L_rp` (Eq. 7), or its alternative; mean over the groups of pixels.

    Args:
        tags: (B, S, S) in [0, 1].
        cutout: (B, S, S) bool.
        orders: (2, B, S, S) random numbers in [0, 1).
        objective: which parts count, the margin, the number of pixels, and what a group is.
        workers: the processes that share the batch.
    """
    if objective.cross_entropy:
        return tag_cross_entropy(tags, cutout).mean()
    samples = [
        sample_tags(tags, region, order, objective.tag_pixels)
        for region, order in zip((cutout, ~cutout), orders, strict=True)
    ]
    if objective.tag_group == "batch":
        samples = [_join(sample, workers) for sample in samples]
    inside, rest = samples
    loss = tags.new_zeros(len(inside.tags))
    if objective.pull:
        loss = loss + pull_loss(inside)
    if objective.push:
        loss = loss + push_loss(rest, inside, objective.margin)
    return loss.mean()


def _join(sample: TagSample, workers: Workers) -> TagSample:
    """The samples of all images of all processes as one."""
    return TagSample(*(workers.gather(part).reshape(1, -1) for part in sample))


def _flat(images: Tensor) -> Tensor:
    return images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
