"""When frames are shown: in whole ticks of a time base, from a source's stamps to an output's.

Stamps of real recordings stand still, jump back (joined recordings), miss, or leap; what is made of
them here always increases. Nothing else in the package reckons with stamps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

DEFAULT_RATE = Fraction(25)
"""Frames a second where nothing says how many."""

_HIGHEST_RATE = 1000
_LONGEST_INTERVAL = 7 * 24 * 3600
"""Seconds; a stamp that leaps further is damaged, and its frame follows the one before it."""

_FINE = Fraction(1, 720_000)
"""All usual frame rates (24, 25, 30, 50, 60 and their 1000/1001), milliseconds and the 90 kHz of
broadcasts are whole ticks of this."""
_MP4_FINEST = 1_000_000
_MP4_MOST_TICKS = 2**31 - 1
"""Most that mp4 has between two frames."""
_OVERLAP = Fraction(1, 10)
"""Seconds; a piece of sound that begins earlier than that before the end of the last one belongs to
another recording."""
_REPAIR_BASE = Fraction(1, 90_000)


@dataclass(frozen=True, eq=False)
class Timeline:
    """When each of T frames is shown.

    Attributes:
        ticks: int64 [T], strictly increasing; from 0 but for some frames chosen out of a video.
        time_base: seconds of a tick.
        rate: average frames per second, above 0, at most 1000.
        start: the stamp that tick 0 has in its file, in seconds: where other streams of the file
            have it.
    """

    ticks: NDArray[np.int64] = field(repr=False)
    time_base: Fraction
    rate: Fraction
    start: Fraction = Fraction(0)

    @classmethod
    def steady(cls, rate: Fraction = DEFAULT_RATE, count: int = 1) -> Self:
        """`count` frames at a constant rate, which is bounded."""
        rate = bounded_rate(rate)
        return cls(np.arange(count, dtype=np.int64), 1 / rate, rate)

    @classmethod
    def of_stamps(
        cls, stamps: Sequence[int | None], time_base: Fraction, declared: Fraction | None
    ) -> Self:
        """Frames with the stamps of their file, repaired where they do not increase.

        Args:
            stamps: in the order in which frames are shown, at least one; None where a frame has
                none.
            time_base: seconds of a tick of `stamps`, above 0.
            declared: frames per second by the file's header; taken where the stamps agree.
        """
        known = [stamp for stamp in stamps if stamp is not None]
        if not known or len(known) < 2 <= len(stamps):
            steady = cls.steady(declared or DEFAULT_RATE, len(stamps))
            return replace(steady, start=known[0] * time_base if known else Fraction(0))
        start = known[0] * time_base if known else Fraction(0)
        ticks = _plain_ticks(stamps, time_base)
        if ticks is None:
            factor = max(1, -(-time_base // _REPAIR_BASE))  # there must be room between stamps
            time_base /= factor
            scaled = [None if stamp is None else stamp * factor for stamp in stamps]
            ticks = _repaired_ticks(scaled, time_base, declared)
        measured = (len(ticks) - 1) / (ticks[-1] * time_base) if len(ticks) > 1 else None
        rate = _rate(measured, declared)
        return cls(np.array(ticks, dtype=np.int64), time_base, rate, start)

    @cached_property
    def seconds(self) -> NDArray[np.float64]:
        """float64 [T], strictly increasing."""
        return np.asarray(self.ticks * float(self.time_base), dtype=np.float64)

    @property
    def last_interval(self) -> Fraction:
        """Seconds for which the last frame is shown: as long as the average one, or as the usual
        one where a pause makes the average long."""
        if len(self.ticks) < 2:
            return 1 / self.rate
        usual = int(np.median(np.diff(self.ticks))) * self.time_base
        return usual if 2 * usual * self.rate < 1 else 1 / self.rate

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return int(self.ticks[-1] - self.ticks[0]) * self.time_base + self.last_interval

    def chosen(self, indices: Sequence[int]) -> Self:
        """Some of the frames, ascending, at the times they have."""
        between = indices[-1] - indices[0]
        rate = self.rate * (len(indices) - 1) / between if between else self.rate
        return replace(self, ticks=self.ticks[list(indices)], rate=bounded_rate(rate))

    def mp4_time_base(self) -> Fraction:
        """A time base that mp4 can hold, in which these times are exact where that is possible."""
        gaps = np.diff(self.ticks)
        longest = max(self.last_interval, int(gaps.max(initial=1)) * self.time_base)
        own = Fraction(1, self.time_base.denominator)
        exact = [base for base in (_FINE, own) if (self.time_base / base).denominator == 1]
        for base in (*exact, _FINE, Fraction(1, 90_000), Fraction(1, 3000)):
            if base.denominator <= _MP4_FINEST and longest / base <= _MP4_MOST_TICKS:
                return base
        return Fraction(1, 1000)


class OutputClock:
    """Turns the times of frames into increasing ticks of an output's time base.

    Times that the base cannot tell apart become ticks that follow each other.
    """

    def __init__(self, time_base: Fraction) -> None:
        self.time_base = time_base
        self._last_seconds = -1.0
        self._last_tick = -1

    @property
    def has_started(self) -> bool:
        """Whether there was a frame."""
        return self._last_tick >= 0

    def tick(self, seconds: float) -> int:
        """The tick of the next frame.

        Raises:
            ValueError: it is not later than the frame before it.
        """
        if not seconds > self._last_seconds:
            raise ValueError(f"expected a time after the frame before, got {seconds} seconds")
        self._last_seconds = seconds
        self._last_tick = max(round(seconds / self.time_base), self._last_tick + 1)
        return self._last_tick


class StreamClock:
    """Places what another stream of the same file has on the time of the frames.

    Where its stamps begin anew, as those of the frames then do, it goes on without a gap.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.end = timeline.duration
        self._shift = -timeline.start - int(timeline.ticks[0]) * timeline.time_base
        self._expected: Fraction | None = None

    def place(self, stamp: Fraction, length: Fraction) -> Fraction:
        """Seconds from the first frame at which a piece begins; may be outside of the video.

        Args:
            stamp: in its file, in seconds.
            length: seconds that the piece lasts.
        """
        begin = stamp + self._shift
        if self._expected is not None:
            gap = begin - self._expected
            if gap < -_OVERLAP or gap > _LONGEST_INTERVAL:
                self._shift -= gap
                begin = self._expected
        self._expected = begin + length
        return begin


def bounded_rate(rate: Fraction) -> Fraction:
    """A rate that encoders take: of at most 1000 frames a second, at least one in seven days.

    Its numerator and denominator are small.
    """
    if rate <= 0:
        return DEFAULT_RATE
    if rate >= 1:
        return min(rate, Fraction(_HIGHEST_RATE)).limit_denominator(1001)
    return 1 / min(1 / rate, Fraction(_LONGEST_INTERVAL)).limit_denominator(1001)


class Sampler:
    """Takes frames at a rate from a video of any timing, never two for one interval.

    Args:
        rate: frames per second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._due = 0

    def takes(self, seconds: float) -> bool:
        """Whether to take the frame shown at this time; frames come in order."""
        slot = int((seconds + 1e-3) * self._rate)
        if slot < self._due:
            return False
        self._due = slot + 1
        return True


def _rate(measured: Fraction | None, declared: Fraction | None) -> Fraction:
    """The declared rate where it fits the measured one."""
    if measured is None:
        return bounded_rate(declared or DEFAULT_RATE)
    if declared and abs(declared / measured - 1) < Fraction(1, 50):
        return bounded_rate(declared)
    return bounded_rate(measured)


def _usual_step(
    stamps: Sequence[int | None], time_base: Fraction, declared: Fraction | None
) -> int:
    """Ticks from one frame to the next, by the stamps or else by the declared rate."""
    known = np.array([stamp for stamp in stamps if stamp is not None], dtype=object)
    steps = [step for step in np.diff(known) if 0 < step * time_base <= _LONGEST_INTERVAL]
    if steps:
        return int(sorted(steps)[len(steps) // 2])
    return max(1, round(1 / bounded_rate(declared or DEFAULT_RATE) / time_base))


def _plain_ticks(stamps: Sequence[int | None], time_base: Fraction) -> list[int] | None:
    """Ticks from 0 as the stamps have them; None where stamps miss or must be repaired."""
    known = [stamp for stamp in stamps if stamp is not None]
    longest = _LONGEST_INTERVAL / time_base
    is_good = len(known) == len(stamps) and all(
        0 < after - before <= longest for before, after in pairwise(known)
    )
    return [stamp - known[0] for stamp in known] if is_good else None


def _repaired_ticks(
    stamps: Sequence[int | None], time_base: Fraction, declared: Fraction | None
) -> list[int]:
    """Ticks from 0 that increase, whatever the stamps, at least one of which is known.

    A stamp from which time goes on as usual, but earlier or far later, begins another recording:
    it and all after it follow the frame before it. Any other one that is of no use lies between its
    neighbours.
    """
    step = _usual_step(stamps, time_base, declared)
    longest = int(_LONGEST_INTERVAL / time_base)
    ticks: list[int] = []
    shift = waiting = 0
    for index, stamp in enumerate(stamps):
        if stamp is None:
            waiting += 1
        elif not ticks:
            ticks = [stamp - step * place for place in range(waiting, -1, -1)]
            waiting = 0
        else:
            last = ticks[-1]
            if not 0 < stamp + shift - last <= longest:
                if not _begins_recording(stamps, index, last - shift, longest, step):
                    waiting += 1
                    continue
                shift = last + step * (waiting + 1) - stamp
            now = max(stamp + shift, last + waiting + 1)
            room = now - last
            ticks += [last + room * place // (waiting + 1) for place in range(1, waiting + 1)]
            ticks.append(now)
            waiting = 0
    ticks += [ticks[-1] + step * place for place in range(1, waiting + 1)]
    return [tick - ticks[0] for tick in ticks]


def _begins_recording(
    stamps: Sequence[int | None], index: int, last: int, longest: int, step: int
) -> bool:
    """Whether time goes on from the stamp at `index`, apart from what came before (`last`)."""
    here = stamps[index]
    after = stamps[index + 1] if index + 1 < len(stamps) else None
    if here is None or after is None:
        return False
    goes_on = 0 < after - here <= 10 * step
    return goes_on and not 0 < after - last <= longest
