"""Slow plain references, and small datasets written from label maps."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage.morphology import dilation, disk

from ctvos_core.results import write_mask

Labels = NDArray[np.uint8]


def contour_pixel_by_pixel(mask: NDArray[Any]) -> set[tuple[int, int]]:
    """Contour pixels (y, x), straight from the definition."""
    height, width = mask.shape
    on = set()
    for y in range(height):
        for x in range(width):
            last_row, last_column = y == height - 1, x == width - 1
            if last_row and last_column:
                neighbours = []
            elif last_row:
                neighbours = [(y, x + 1)]
            elif last_column:
                neighbours = [(y + 1, x)]
            else:
                neighbours = [(y, x + 1), (y + 1, x), (y + 1, x + 1)]
            if any(bool(mask[y, x]) != bool(mask[neighbour]) for neighbour in neighbours):
                on.add((y, x))
    return on


def f_from_distances(
    prediction: NDArray[Any], truth: NDArray[Any], tolerance_fraction: float
) -> float:
    """F with every pair of contour pixels compared."""
    tolerance = math.ceil(tolerance_fraction * math.hypot(*truth.shape))
    predicted, true = contour_pixel_by_pixel(prediction), contour_pixel_by_pixel(truth)

    def matched(these: set[tuple[int, int]], those: set[tuple[int, int]]) -> int:
        return sum(
            any((y - v) ** 2 + (x - u) ** 2 <= tolerance**2 for v, u in those) for y, x in these
        )

    return f_from_counts(
        matched(predicted, true), len(predicted), matched(true, predicted), len(true)
    )


def f_by_dilation(
    prediction: NDArray[Any], truth: NDArray[Any], tolerance_fraction: float = 0.008
) -> float:
    """F over the whole image, with scikit-image's disk and dilation."""
    footprint = disk(math.ceil(tolerance_fraction * math.hypot(*truth.shape)))

    def contour(mask: NDArray[Any]) -> NDArray[np.uint8]:
        padded = np.pad(mask.astype(bool), ((0, 1), (0, 1)), mode="edge")
        here, east, south, both = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
        on = (here != east) | (here != south) | (here != both)
        return on.astype(np.uint8)

    predicted, true = contour(prediction), contour(truth)
    return f_from_counts(
        int((predicted & dilation(true, footprint)).sum()),
        int(predicted.sum()),
        int((true & dilation(predicted, footprint)).sum()),
        int(true.sum()),
    )


def f_from_counts(predicted_hits: int, predicted: int, true_hits: int, true: int) -> float:
    if predicted == 0 and true == 0:
        return 1.0
    if predicted == 0 or true == 0:
        return 0.0
    precision, recall = predicted_hits / predicted, true_hits / true
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def j_from_sets(prediction: NDArray[Any], truth: NDArray[Any]) -> float:
    predicted = set(zip(*np.nonzero(prediction), strict=True))
    true = set(zip(*np.nonzero(truth), strict=True))
    return len(predicted & true) / len(predicted | true) if predicted | true else 1.0


@pytest.fixture(scope="session")
def reference() -> SimpleNamespace:
    return SimpleNamespace(
        j=j_from_sets, f_from_distances=f_from_distances, f_by_dilation=f_by_dilation
    )


def write_frame(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size[1], size[0]), (90, 120, 60)).save(path)


def write_labels(path: Path, labels: Labels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mask(path, labels)


@pytest.fixture
def save_mask() -> Callable[[Path, Labels], None]:
    """Write a palette PNG, its folder included."""
    return write_labels


@pytest.fixture
def make_davis(tmp_path: Path) -> Callable[[Mapping[str, Labels]], Path]:
    """Write `(T, H, W)` annotations per sequence in DAVIS layout; gives the root."""

    def make(sequences: Mapping[str, Labels]) -> Path:
        root = tmp_path / "tiny-davis"
        for name, annotations in sequences.items():
            for t, labels in enumerate(annotations):
                write_frame(root / "JPEGImages" / "480p" / name / f"{t:05d}.jpg", labels.shape)
                write_labels(root / "Annotations" / "480p" / name / f"{t:05d}.png", labels)
        return root

    return make


@pytest.fixture
def make_youtube_vos(tmp_path: Path) -> Callable[..., Path]:
    """Write videos in YouTube-VOS layout; gives the root.

    `videos` maps a name to (frame stems, annotations by stem, `objects` of meta.json).
    """

    def make(videos: Mapping[str, tuple[list[str], dict[str, Labels], Any]], **meta: Any) -> Path:
        root = tmp_path / "tiny-youtube-vos"
        for name, (stems, annotations, _) in videos.items():
            size = next(iter(annotations.values())).shape
            for stem in stems:
                write_frame(root / "JPEGImages" / name / f"{stem}.jpg", size)
            for stem, labels in annotations.items():
                write_labels(root / "Annotations" / name / f"{stem}.png", labels)
        listed = {name: {"objects": objects} for name, (_, _, objects) in videos.items()}
        (root / "meta.json").write_text(json.dumps({"videos": listed, **meta}))
        return root

    return make
