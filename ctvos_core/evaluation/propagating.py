"""Segmenters for the benchmarks that propagate with a network. Needs torch; the rest does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from ctvos_core.adaptation.adapt import AdaptationConfig, adapt
from ctvos_core.evaluation.davis import DavisSegmenter, DavisSequence
from ctvos_core.evaluation.youtube_vos import YoutubeVosSequence
from ctvos_core.evaluation.youtube_vos_scoring import YoutubeVosSegmenter
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.devices import select_device
from ctvos_core.propagation import PropagationConfig, segment_video
from ctvos_core.results import LabelMap
from ctvos_core.video import open_frames
from ctvos_core.weights import ModelCard


def davis_segmenter(
    model: CTVOS, config: PropagationConfig, device: str | torch.device, adapted: bool = False
) -> DavisSegmenter:
    """Carries the first annotation forward; `adapted`: with a network adapted to the sequence."""

    def segment(sequence: DavisSequence) -> Iterator[LabelMap]:
        frames = open_frames(sequence.frame_paths[0].parent)
        network = adapt(model, frames, device=device) if adapted else model
        found = segment_video(network, frames, {0: sequence.first_mask}, config, device)
        return (segmentation.labels for _, segmentation in found)

    return segment


def youtube_vos_segmenter(
    model: CTVOS, config: PropagationConfig, device: str | torch.device
) -> YoutubeVosSegmenter:
    """Carries each object forward from its first mask; frames before the first one stay empty."""

    def segment(sequence: YoutubeVosSequence) -> Iterator[LabelMap]:
        frames = open_frames(sequence.frame_paths[0].parent)
        masks = sequence.masks
        for _ in range(min(masks)):
            yield np.zeros(sequence.size, np.uint8)
        for _, found in segment_video(model, frames, masks, config, device, backward=False):
            yield found.labels

    return segment


def run_settings(
    card: ModelCard,
    config: PropagationConfig,
    device: str | torch.device,
    adapted: bool = False,
) -> dict[str, Any]:
    """What a result came from, as plain JSON values."""
    used = select_device(device)
    is_gpu = used.type == "cuda"
    return {
        "model": card.name,
        "digest": card.digest,
        "propagation": asdict(config),
        "adaptation": asdict(AdaptationConfig()) if adapted else None,
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(used) if is_gpu else str(used),
    }
