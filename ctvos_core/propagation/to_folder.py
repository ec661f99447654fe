"""A segmentation from files to files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ctvos_core.network.ctvos import CTVOS
from ctvos_core.propagation.background import BackgroundWriter
from ctvos_core.propagation.bidirectional import segment_video
from ctvos_core.propagation.propagator import PropagationConfig
from ctvos_core.propagation.stretches import plan
from ctvos_core.results.extra_files import Extra, require_possible
from ctvos_core.results.extras import ExtraFailure, write_extras
from ctvos_core.results.folder import ResultFolder
from ctvos_core.results.inputs import SegmentationInputs
from ctvos_core.results.review import lost_at
from ctvos_core.video import Frame, FrameReader

SEGMENTING = "segmenting"
DRAWING = "drawing"


class StepProgress(Protocol):
    """Told of every step that is done; an exception of its own ends the work."""

    def __call__(self, phase: str, steps_done: int, steps: int, /) -> None:
        """`phase` is `SEGMENTING` or `DRAWING`, each of which counts from 1 to `steps`."""


@dataclass(frozen=True)
class SegmentationRun:
    """What a segmentation took."""

    frames: int
    """Frames that were segmented; those kept as they were not included."""
    seconds: float
    """Wall time of reading, propagating and writing masks; what is made of them not included."""
    ids: tuple[int, ...]
    """The objects, ascending: K."""
    confidence: NDArray[np.float32]
    """[T, K], as in `confidence.json`."""
    lost: Mapping[int, int] = field(default_factory=dict)
    """Objects that no frame shows but those where they were given, with a frame to look at."""
    extras: Mapping[Extra, ExtraFailure | None] = field(default_factory=dict)
    """What else was asked for: None where it is made, else why it is not."""

    @property
    def frames_per_second(self) -> float:
        """Frames over seconds."""
        return self.frames / self.seconds


def segment_to_folder(
    model: CTVOS,
    inputs: SegmentationInputs,
    folder: ResultFolder,
    config: PropagationConfig | None = None,
    device: str | torch.device = "auto",
    *,
    kept: Mapping[int, Mapping[int, float]] | None = None,
    extras: Collection[Extra] = (),
    progress: StepProgress | None = None,
) -> SegmentationRun:
    """Write a mask and the confidences of every frame, and what else is asked for.

    Masks are written as they come, in the order of propagation. Overlay, COCO file and cut-out are
    made afterwards, in the order of time, from the masks on disk.

    Args:
        model: a network.
        inputs: the video and its given masks.
        folder: where the files go.
        config: how to propagate; by default `PropagationConfig()`.
        device: see `Propagator`.
        kept: confidences by object id of frames whose masks are in the folder already; those
            frames are left as they are, and the rest is made to meet them.
        extras: what to make besides; each fails by itself, and the masks stay.
        progress: called after every step.

    Raises:
        InputError: the video cannot be decoded to its end, a mask cannot be written, or an extra
            is impossible for a video of its size.
    """
    wanted = frozenset(extras)
    require_possible(wanted, inputs.frames.info.size)
    frames, kept = inputs.frames, kept or {}
    known = {i for confidences in kept.values() for i in confidences}
    ids = tuple(sorted({*inputs.object_ids, *known}))
    stretches = plan(inputs, kept, folder.read_mask)
    count = _counter(progress, SEGMENTING, sum(stretch.steps for stretch in stretches))
    confidence = np.zeros((len(frames), len(ids)), np.float32)
    seen = np.zeros((len(frames), len(ids)), bool)
    for index, confidences in kept.items():
        seen[index] = True  # it was looked at when it was made
        confidence[index] = [confidences.get(i, 0) for i in ids]
    started = perf_counter()
    with BackgroundWriter() as writer:
        for stretch in stretches:
            watched = _WatchedFrames(stretch.frames, count)
            found_frames = segment_video(
                model, watched, stretch.masks, config, device, objects=stretch.objects
            )
            for place, found in found_frames:
                index = stretch.indices[place]
                if index in stretch.wanted:
                    confidence[index] = [found.confidence.get(i, 0) for i in ids]
                    seen[index] = np.bincount(found.labels.ravel(), minlength=256)[list(ids)] > 0
                    writer.put(partial(folder.write_mask, index, found.labels))
    lost = lost_at(seen, _given(inputs, ids))
    folder.write_confidence(ids, confidence, inputs.names, list(lost.values()))
    seconds = perf_counter() - started
    made: Mapping[Extra, ExtraFailure | None] = {}
    if wanted:
        made = write_extras(
            wanted,
            folder.path,
            _WatchedFrames(frames, _counter(progress, DRAWING, len(frames))),
            folder.read_mask,
            lambda index: dict(zip(ids, confidence[index].tolist(), strict=True)),
            inputs.names,
        )
    return SegmentationRun(
        len(frames) - len(kept),
        seconds,
        ids,
        confidence,
        {ids[column]: frame for column, frame in lost.items()},
        made,
    )


def _given(inputs: SegmentationInputs, ids: tuple[int, ...]) -> NDArray[np.bool_]:
    """[T, K]: which frames have a given mask that speaks for each object."""
    given = np.zeros((len(inputs.frames), len(ids)), bool)
    for index, named in inputs.objects.items():
        given[index] = np.isin(ids, named)
    return given


def _counter(progress: StepProgress | None, phase: str, steps: int) -> Callable[[], None]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(phase, done, steps)

    return count


class _WatchedFrames(FrameReader):
    """A reader that tells when each of its frames has been dealt with.

    Between two masks every frame is a step of both directions but comes out once: counting what is
    read shows progress where nothing comes out.
    """

    def __init__(self, frames: FrameReader, on_done: Callable[[], None]) -> None:
        self.info = frames.info
        self._frames = frames
        self._on_done = on_done

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        return self._watch(self._frames.frames(start, stop))

    def frames_reversed(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        return self._watch(self._frames.frames_reversed(start, stop))

    def _watch(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            yield frame
            self._on_done()
