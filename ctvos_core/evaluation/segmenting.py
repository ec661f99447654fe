"""Running a segmenter: its masks checked as they come, its own time measured apart."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, Protocol, TypeVar

import numpy as np

from ctvos_core.results import LabelMap

Value = TypeVar("Value")


class FrameProgress(Protocol):
    """Told of every frame that is done."""

    def __call__(self, name: str, frames_done: int, frames: int, /) -> None:
        """`name` is the sequence; both counts are over all sequences."""


@dataclass(frozen=True, eq=False)
class SequenceRun:
    """One sequence, and how long the segmenter took on it if it ran here."""

    name: str
    frames: int
    """`T`, all frames of the sequence, those not scored included."""
    seconds: float | None
    """Wall time inside the segmenter, without writing and scoring; None if the masks were given."""

    @property
    def frames_per_second(self) -> float | None:
        """All frames over the segmenter's seconds; None if it did not run."""
        return self.frames / self.seconds if self.seconds else None


SequenceOutcome = TypeVar("SequenceOutcome", bound=SequenceRun)


@dataclass(frozen=True, eq=False)
class DatasetRun(Generic[SequenceOutcome]):
    """All sequences of a dataset."""

    dataset: str
    """Name of the dataset's root folder."""
    sequences: tuple[SequenceOutcome, ...]

    @property
    def frames(self) -> int:
        """All frames of all sequences."""
        return sum(sequence.frames for sequence in self.sequences)

    @property
    def seconds(self) -> float | None:
        """Wall time inside the segmenter over all sequences; None if it did not run."""
        seconds = [sequence.seconds for sequence in self.sequences if sequence.seconds is not None]
        return sum(seconds) if len(seconds) == len(self.sequences) else None

    @property
    def frames_per_second(self) -> float | None:
        """All frames over the segmenter's seconds; None if it did not run."""
        return self.frames / self.seconds if self.seconds else None


class TimedMasks:
    """One pass over the label maps of one sequence.

    Iterating gives `frames` maps, each checked: `(H, W)` uint8 of `size` `(height, width)`, else
    `ValueError`; so are too few or too many. `seconds` is the wall time spent inside the segmenter
    only: what the consumer does with a mask between two steps is not counted.
    """

    def __init__(
        self, start: Callable[[], Iterable[LabelMap]], name: str, size: tuple[int, int], frames: int
    ) -> None:
        self.seconds = 0.0
        self._start = start
        self._name = name
        self._size = size
        self._frames = frames

    def __iter__(self) -> Iterator[LabelMap]:
        masks = self._timed(lambda: iter(self._start()))
        for given in range(self._frames):
            labels = self._timed(lambda: next(masks, None))
            if labels is None:
                raise ValueError(f"{self._name}: expected {self._frames} masks, got {given}")
            yield self._checked(labels, given)
        if self._timed(lambda: next(masks, None)) is not None:
            raise ValueError(f"{self._name}: expected {self._frames} masks, got more")

    def _timed(self, action: Callable[[], Value]) -> Value:
        started = perf_counter()
        try:
            return action()
        finally:
            self.seconds += perf_counter() - started

    def _checked(self, labels: LabelMap, frame: int) -> LabelMap:
        if labels.shape != self._size or labels.dtype != np.uint8:
            raise ValueError(
                f"{self._name}, frame {frame}: expected a uint8 mask of shape {self._size}, "
                f"got {labels.dtype} {labels.shape}"
            )
        return labels
