"""Which frames a person should look at first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DOUBTFUL_BELOW = 0.7
"""Of the packaged model's masks on the development set, one in ten has less, and four in five of
those with J < 0.5."""
_APART = 5
_MOST = 10


def frames_to_review(confidence: NDArray[np.float32]) -> list[int]:
    """The frames in which some object is least sure, worst first.

    Args:
        confidence: [T, K] in [0, 1].

    Returns:
        At most ten frames with a confidence below `DOUBTFUL_BELOW`, no two within five frames: a
        mask given for one corrects its neighbours, too.
    """
    lowest = confidence.min(1)
    chosen: list[int] = []
    for index in np.argsort(lowest, kind="stable").tolist():
        if lowest[index] >= DOUBTFUL_BELOW or len(chosen) == _MOST:
            break
        if all(abs(index - other) > _APART for other in chosen):
            chosen.append(index)
    return chosen
