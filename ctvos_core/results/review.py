"""Which frames a person should look at first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DOUBTFUL_BELOW = 0.7
"""Of the packaged model's masks on the development set, one in ten has less, and four in five of
those with J < 0.5."""
_APART = 5
_MOST = 10


def frames_to_review(confidence: NDArray[np.float32], lost: Sequence[int] = ()) -> list[int]:
    """The frames in which some object is least sure, worst first.

    Args:
        confidence: [T, K] in [0, 1].
        lost: frames beside given masks in which an object is gone, and stays so, however sure its
            absence is (`lost_at`).

    Returns:
        At most ten frames that are lost or have a confidence below `DOUBTFUL_BELOW`, no two within
        five frames: a mask given for one corrects its neighbours, too.

    Example:
        >>> frames_to_review(np.array([[0.9], [0.5], [0.4]], np.float32))
        [2]
    """
    lowest = confidence.min(1)
    lowest[list(lost)] = -1
    chosen: list[int] = []
    for index in np.argsort(lowest, kind="stable").tolist():
        if lowest[index] >= DOUBTFUL_BELOW or len(chosen) == _MOST:
            break
        if all(abs(index - other) > _APART for other in chosen):
            chosen.append(index)
    return chosen


def lost_at(seen: NDArray[np.bool_], given: NDArray[np.bool_]) -> dict[int, int]:
    """Objects that no frame shows but those whose masks were given.

    Args:
        seen: [T, K], whether each object has a pixel in each frame.
        given: [T, K], whether it was given one.

    Returns:
        Column to the first frame after its last given one (the one before, where that is the last
        of the video).
    """
    lost = {}
    for column in np.flatnonzero(given.any(0) & ~(seen & ~given).any(0)).tolist():
        if given[:, column].all():
            continue
        last = int(np.flatnonzero(given[:, column])[-1])
        lost[column] = last + 1 if last + 1 < len(seen) else last - 1
    return lost
