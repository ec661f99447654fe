"""Specks and pinholes taken out of label maps."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ctvos_core.results import LabelMap


def tidy(labels: LabelMap, ids: Sequence[int], share: float) -> LabelMap:
    """Drop the small parts of objects and fill the small holes in them.

    Cells look for their likes in all of a given frame, so that single ones far from an object are
    taken for it, or single ones on it for the background.

    Args:
        labels: (H, W) uint8.
        ids: the objects.
        share: parts and holes are small if they have less than this share of the object's area,
            0 to 1. A hole is whatever is not the object; of it only background is filled.

    Returns:
        A new label map, or `labels` if `share` is 0.
    """
    if not share:
        return labels
    tidied = labels.copy()
    areas = np.bincount(labels.ravel(), minlength=256)
    for i in ids:
        if areas[i]:
            tidied[_small_regions(labels == i, share * areas[i])] = 0
    for i in ids:
        if areas[i]:
            holes = _small_regions(tidied != i, share * areas[i])
            tidied[holes & (tidied == 0)] = i
    return tidied


def _small_regions(on: np.ndarray, area: float) -> np.ndarray:
    """(H, W) bool: the connected regions of `on` with fewer than `area` pixels."""
    count, regions, statistics, _ = cv2.connectedComponentsWithStats(on.view(np.uint8))
    small = np.zeros(count, bool)
    small[1:] = statistics[1:, cv2.CC_STAT_AREA] < area
    return small[regions]
