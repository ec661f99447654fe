"""A whole video from masks at any of its frames: forward, backward, and blended in between."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

import numpy as np
import torch

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.propagation.propagator import PropagationConfig, Propagator, Segmentation
from ctvos_core.results import LabelMap
from ctvos_core.video import FrameReader


def segment_video(
    model: CTVOS,
    frames: FrameReader,
    masks: Mapping[int, LabelMap],
    config: PropagationConfig | None = None,
    device: str | torch.device = "auto",
    backward: bool = True,
    objects: Mapping[int, Sequence[int]] | None = None,
) -> Iterator[tuple[int, Segmentation]]:
    """Segment every frame of a video.

    Each given mask speaks for the objects present in it. An object is carried forward from its
    first given mask and backward from its last; between two given masks of an object both are
    blended in proportion to the distance, so that the result meets the masks at both ends. Where a
    mask says that an object is not there, it ends for the time being in both directions.

    Args:
        model: a network.
        frames: the video; read in runs, never held.
        masks: frame index to (H, W) uint8 label map; at least one.
        config: how to propagate; by default `PropagationConfig()`.
        device: see `Propagator`.
        backward: False leaves the frames before an object's first mask without it.
        objects: by frame index, the ids that its mask speaks for; one that is named here and not in
            the mask is known not to be in that frame. By default those present in each mask.

    Yields:
        (frame index, segmentation), once per frame: first backward from the first given mask to
        frame 0, then forward to the end; frames before the first mask are left out if not
        `backward`.

    Raises:
        InputError: no mask, a mask out of range, empty or of another size than the frames.
    """
    named = _named_objects(masks, objects or {}, len(frames))
    given = dict(masks)
    ids = sorted({i for of_mask in named.values() for i in of_mask})
    first, last = min(given), max(given)
    with tempfile.TemporaryFile() as spool:
        spooled = _ScoreSpool(spool)
        if backward and last > 0:
            behind = Propagator(model, config, device, ids)
            for frame in frames.frames_reversed(0, last + 1):
                segmentation = behind.step(
                    frame.image, given.get(frame.index), named.get(frame.index)
                )
                if frame.index < first:
                    yield frame.index, segmentation
                elif frame.index < last:
                    spooled.put(frame.index, segmentation.scores)
        ahead = Propagator(model, config, device, ids)
        for frame in frames.frames(first):
            mask = given.get(frame.index)
            segmentation = ahead.step(frame.image, mask, named.get(frame.index))
            if backward and frame.index < last:
                share = np.array([_forward_share(given, i, frame.index) for i in ids])
                scores = _blend(segmentation.scores, spooled.get(frame.index), share)
                segmentation = ahead.render(scores, frame.image.shape[:2])
                if mask is not None:
                    _restore(segmentation.labels, mask, named[frame.index])
                    segmentation.confidence.update(dict.fromkeys(named[frame.index], 1.0))
            yield frame.index, segmentation


def _restore(labels: LabelMap, mask: LabelMap, named: Sequence[int]) -> None:
    """Put a given mask back as it was given, its holes included, into (H, W) `labels`."""
    labels[np.isin(labels, named)] = 0
    labels[mask > 0] = mask[mask > 0]


def propagation_steps(masks: Mapping[int, LabelMap], frame_count: int) -> int:
    """Calls of the network that `segment_video` needs, for progress."""
    first, last = min(masks), max(masks)
    return (last + 1 if last > 0 else 0) + frame_count - first


def _named_objects(
    masks: Mapping[int, LabelMap], objects: Mapping[int, Sequence[int]], frame_count: int
) -> dict[int, Sequence[int]]:
    """The ids that each mask speaks for, once the masks are found good."""
    if not masks:
        raise InputError("no_mask", "masks: expected at least one, got none")
    for index, mask in masks.items():
        if not 0 <= index < frame_count:
            raise InputError(
                "frame_out_of_range",
                f"frame {index}: expected 0 to {frame_count - 1}, the video has {frame_count} "
                f"{'frame' if frame_count == 1 else 'frames'}",
            )
        if not mask.any() and not objects.get(index):
            raise InputError("mask_empty", f"mask of frame {index}: expected an object, got none")
    return {
        index: objects.get(index) or [int(i) for i in np.unique(mask) if i]
        for index, mask in masks.items()
    }


class _ScoreSpool:
    """Scores of frames that wait on disk for the other direction; most are 0 or 1 and pack well."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._shape: tuple[int, ...] = ()
        self._places: dict[int, tuple[int, int]] = {}

    def put(self, index: int, scores: np.ndarray) -> None:
        self._shape = scores.shape
        packed = zlib.compress(scores.tobytes(), 1)
        self._places[index] = (self._file.seek(0, os.SEEK_END), len(packed))
        self._file.write(packed)

    def get(self, index: int) -> np.ndarray:
        place, count = self._places[index]
        self._file.seek(place)
        scores = np.frombuffer(zlib.decompress(self._file.read(count)), np.float16)
        return scores.reshape(self._shape)


def _forward_share(given: Mapping[int, LabelMap], object_id: int, index: int) -> float:
    """How much the forward pass counts for an object in a frame: 1 at its mask before, 0 after."""
    named = [at for at, mask in given.items() if (mask == object_id).any()]
    before = max((at for at in named if at <= index), default=None)
    after = min((at for at in named if at > index), default=None)
    if before is None:
        return 0.0
    if after is None:
        return 1.0
    return (after - index) / (after - before)


def _blend(ahead: np.ndarray, behind: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(K+1, h, w) scores of both passes, mixed per object and normalised over the slots."""
    share = share[:, None, None].astype(np.float32)
    objects = share * ahead[1:] + (1 - share) * behind[1:]
    background = np.clip(1 - objects.sum(0, keepdims=True), 0, 1)
    mixed = np.concatenate([background, objects])
    return mixed / mixed.sum(0)
