"""What an evaluation on DAVIS finds: scores per object, per sequence and over all objects."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ctvos_core.evaluation.metrics import Statistics, statistics
from ctvos_core.evaluation.segmenting import DatasetRun, SequenceRun


@dataclass(frozen=True, eq=False)
class ObjectScore:
    """One object of one sequence; every score is a fraction."""

    sequence: str
    object_id: int
    j_per_frame: NDArray[np.float64]
    """`(T - 2,)`: the sequence's frames without its first and last."""
    f_per_frame: NDArray[np.float64]
    """`(T - 2,)`, as `j_per_frame`."""

    @cached_property
    def j(self) -> Statistics:
        """Mean, recall and decay of the region similarity."""
        return statistics(self.j_per_frame)

    @cached_property
    def f(self) -> Statistics:
        """Mean, recall and decay of the contour accuracy."""
        return statistics(self.f_per_frame)

    @property
    def j_and_f(self) -> float:
        """Mean of the J mean and the F mean."""
        return (self.j.mean + self.f.mean) / 2


@dataclass(frozen=True, eq=False)
class SequenceScore(SequenceRun):
    """One sequence and its objects; every score is a fraction."""

    scored_stems: tuple[str, ...]
    """The `T - 2` frames that the per-frame scores are of."""
    objects: tuple[ObjectScore, ...]

    @property
    def j(self) -> Statistics:
        """J statistics, averaged over the sequence's objects."""
        return mean_statistics(score.j for score in self.objects)

    @property
    def f(self) -> Statistics:
        """F statistics, averaged over the sequence's objects."""
        return mean_statistics(score.f for score in self.objects)

    @property
    def j_and_f(self) -> float:
        """Mean of the J mean and the F mean."""
        return (self.j.mean + self.f.mean) / 2


@dataclass(frozen=True, eq=False)
class DavisResult(DatasetRun[SequenceScore]):
    """Scores on a dataset in DAVIS layout; global ones are plain means over objects."""

    resolution: str

    @property
    def objects(self) -> tuple[ObjectScore, ...]:
        """The objects of all sequences."""
        return tuple(score for sequence in self.sequences for score in sequence.objects)

    @property
    def j(self) -> Statistics:
        """J statistics, averaged over all objects (not over sequences)."""
        return mean_statistics(score.j for score in self.objects)

    @property
    def f(self) -> Statistics:
        """F statistics, averaged over all objects (not over sequences)."""
        return mean_statistics(score.f for score in self.objects)

    @property
    def j_and_f(self) -> float:
        """The benchmark's headline: mean of the global J mean and F mean."""
        return (self.j.mean + self.f.mean) / 2


def mean_statistics(scores: Iterable[Statistics]) -> Statistics:
    """Each of mean, recall and decay, averaged over objects."""
    mean, recall, decay = np.mean(list(scores), axis=0)
    return Statistics(float(mean), float(recall), float(decay))
