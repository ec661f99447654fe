"""Masks drawn over frames."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ctvos_core.results.masks import LabelMap, davis_palette

_CONTOUR_LIGHTER_BY = 0.6


def draw_overlay(
    image: NDArray[np.uint8], labels: LabelMap, opacity: float = 0.5
) -> NDArray[np.uint8]:
    """Blend each object's DAVIS colour over the frame and line its edge in a lighter tone of it.

    Args:
        image: uint8 H x W x 3, RGB; left as it is.
        labels: uint8 H x W, object ids.
        opacity: 0 (contours only) to 1 (flat colour).

    Returns:
        uint8 H x W x 3, RGB; background pixels are those of `image`.
    """
    if image.shape[:2] != labels.shape:
        raise ValueError(f"expected labels of shape {image.shape[:2]}, got {labels.shape}")
    if not labels.any():
        return image.copy()
    colours = davis_palette()
    fill = cv2.addWeighted(
        image, 1 - opacity, cv2.applyColorMap(labels, colours[:, None]), opacity, 0
    )
    is_object = (labels > 0).astype(np.uint8)
    drawn = np.asarray(cv2.copyTo(fill, is_object, image.copy()), dtype=np.uint8)
    contour = _contour(labels)
    light = 255 - (255 - colours.astype(np.float32)) * (1 - _CONTOUR_LIGHTER_BY)
    drawn[contour] = light.astype(np.uint8)[labels[contour]]
    return drawn


def _contour(labels: LabelMap) -> NDArray[np.bool_]:
    """Object pixels within a line's width of another label; the line grows with the picture."""
    width = 2 * max(1, round(min(labels.shape) / 480)) + 1
    around = np.ones((width, width), np.uint8)
    edge = cv2.dilate(labels, around) != cv2.erode(labels, around)
    contour: NDArray[np.bool_] = edge & (labels > 0)
    return contour
