"""Region similarity J and contour accuracy F, as the official davis2017-evaluation computes them.

Definitions: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation" (2016), in the details fixed by `davisvideochallenge/davis2017-evaluation`. Masks are
`(H, W)` arrays of any integer or boolean type: nonzero is the object.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

BoolMask = NDArray[np.bool_]

CONTOUR_TOLERANCE_FRACTION = 0.008
"""How far apart two matching contour pixels may be, as a fraction of the image diagonal."""

RECALL_THRESHOLD = 0.5
DECAY_BINS = 4


class Statistics(NamedTuple):
    """How one object fares over its frames; all three are fractions."""

    mean: float
    """Mean over the frames, 0 to 1."""
    recall: float
    """Share of the frames whose value is above 0.5, 0 to 1."""
    decay: float
    """Mean of the first quarter of the frames minus that of the last, -1 to 1; lower is better."""


def region_similarity(prediction: ArrayLike, truth: ArrayLike) -> float:
    """J: intersection over union of two masks, 0 to 1; 1 where both are empty.

    Both masks are `(H, W)`, nonzero is the object. Raises `ValueError` when their shapes differ.
    """
    predicted, true = _two_masks(prediction, truth)
    union = np.count_nonzero(predicted | true)
    return np.count_nonzero(predicted & true) / union if union else 1.0


def contour_accuracy(
    prediction: ArrayLike,
    truth: ArrayLike,
    tolerance_fraction: float = CONTOUR_TOLERANCE_FRACTION,
) -> float:
    """F: harmonic mean of precision and recall of contour pixels within a tolerance, 0 to 1.

    Both masks are `(H, W)`, nonzero is the object; `tolerance_fraction` is of the image diagonal
    and the tolerance is rounded up to whole pixels (8 at 480x854). 1 where neither mask has a
    contour, 0 where only one has. A mask that fills the image has no contour. Raises `ValueError`
    when the shapes differ.
    """
    predicted, true = _two_masks(prediction, truth)
    window = _contour_window(predicted | true)
    if window is None:
        return 1.0
    # Every contour pixel of either mask lies in the window, so nothing outside it can match.
    radius = contour_tolerance(predicted.shape, tolerance_fraction)
    predicted_contour = contour(predicted[window])
    true_contour = contour(true[window])
    predicted_length = np.count_nonzero(predicted_contour)
    true_length = np.count_nonzero(true_contour)
    if predicted_length == 0 or true_length == 0:
        return 1.0 if predicted_length == true_length else 0.0
    precision = np.count_nonzero(predicted_contour & _dilate(true_contour, radius))
    recall = np.count_nonzero(true_contour & _dilate(predicted_contour, radius))
    return _harmonic_mean(precision / predicted_length, recall / true_length)


def contour_tolerance(shape: tuple[int, ...], tolerance_fraction: float) -> int:
    """Whole pixels within which contour pixels match in an image of `shape` `(H, W)`."""
    height, width = shape
    return math.ceil(tolerance_fraction * math.sqrt(height * height + width * width))


def contour(mask: BoolMask) -> BoolMask:
    """The 1-pixel contour of a boolean `(H, W)` mask, as a boolean `(H, W)` map.

    A pixel is on it when it differs from its east, south or south-east neighbour; the last row
    looks east only, the last column south only, and the corner is never on it.
    """
    on = np.zeros_like(mask)
    here = mask[:-1, :-1]
    on[:-1, :-1] = (here ^ mask[:-1, 1:]) | (here ^ mask[1:, :-1]) | (here ^ mask[1:, 1:])
    on[-1, :-1] = mask[-1, :-1] ^ mask[-1, 1:]
    on[:-1, -1] = mask[:-1, -1] ^ mask[1:, -1]
    return on


def statistics(values: ArrayLike) -> Statistics:
    """Mean, recall and decay of one object's J or F over its frames, `(T,)` in time order.

    Decay compares the first and last of four bins whose ends are shared by neighbours. The official
    code keeps bin ends in 8 bits, so beyond 255 frames its bins wrap around and its decay means
    nothing; here the bins stay right, and so the decay of such long videos differs from it. Raises
    `ValueError` when there is no value.
    """
    per_frame = np.asarray(values, dtype=np.float64)
    if per_frame.ndim != 1 or per_frame.size == 0:
        raise ValueError(f"expected values of shape (T,) with T >= 1, got {per_frame.shape}")
    # The small addend makes halves round up, as in the official code.
    ends = np.round(np.linspace(1, per_frame.size, DECAY_BINS + 1) + 1e-10).astype(int) - 1
    first = per_frame[ends[0] : ends[1] + 1]
    last = per_frame[ends[-2] : ends[-1] + 1]
    return Statistics(
        mean=float(np.nanmean(per_frame)),
        recall=float(np.mean(per_frame > RECALL_THRESHOLD)),
        decay=float(np.nanmean(first) - np.nanmean(last)),
    )


def _two_masks(prediction: ArrayLike, truth: ArrayLike) -> tuple[BoolMask, BoolMask]:
    predicted: NDArray[Any] = np.asarray(prediction)
    true: NDArray[Any] = np.asarray(truth)
    if true.ndim != 2 or true.size == 0:
        raise ValueError(f"expected a truth of shape (H, W), got {true.shape}")
    if predicted.shape != true.shape:
        raise ValueError(
            f"expected a prediction of the truth's shape {true.shape}, got {predicted.shape}"
        )
    return predicted.astype(np.bool_, copy=False), true.astype(np.bool_, copy=False)


def _contour_window(either: BoolMask) -> tuple[slice, slice] | None:
    """The smallest window outside which neither mask has a contour, or None if both are empty.

    It takes one pixel more on each side than the objects: before them because contour pixels sit
    north-west of an edge, after them so that the window's last row and column are outside the
    objects (unless they are the image's own, to which the same rules apply).
    """
    x, y, width, height = cv2.boundingRect(either.view(np.uint8))
    if width == 0:
        return None
    return slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)


def _dilate(contour_map: BoolMask, radius: int) -> BoolMask:
    return cv2.dilate(contour_map.view(np.uint8), _disk(radius)).view(np.bool_)


@lru_cache(maxsize=16)
def _disk(radius: int) -> NDArray[np.uint8]:
    offset = np.arange(-radius, radius + 1)
    disk = offset[:, None] ** 2 + offset[None, :] ** 2 <= radius**2
    return disk.astype(np.uint8)


def _harmonic_mean(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
