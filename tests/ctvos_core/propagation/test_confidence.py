"""Confidence of masks whose probabilities are known."""

import pytest
import torch

from ctvos_core.propagation.confidence import expected_overlaps


def scores_of(*objects: torch.Tensor) -> torch.Tensor:
    stacked = torch.stack(objects)
    return torch.cat([1 - stacked.sum(0, keepdim=True), stacked])


def square(sure: float, size: int = 4) -> torch.Tensor:
    object_ = torch.zeros(8, 8)
    object_[:size, :size] = sure
    return object_


def test_it_is_the_overlap_of_the_mask_with_its_probabilities() -> None:
    assert expected_overlaps(scores_of(square(1.0))) == [1]
    assert expected_overlaps(scores_of(square(0.75))) == [pytest.approx(0.75)]
    leaking = square(0.75)
    leaking[:4, 4:] = 0.25  # 16 cells of it are not in the mask
    assert expected_overlaps(scores_of(leaking)) == [pytest.approx(12 / 20)]
    rest = torch.zeros(8, 8)
    rest[4:, 4:] = 0.9
    assert expected_overlaps(scores_of(square(1.0), rest)) == [1, pytest.approx(0.9)]


def test_of_an_object_that_is_not_seen_it_is_how_sure_its_absence_is() -> None:
    assert expected_overlaps(scores_of(square(0.0))) == [1]
    assert expected_overlaps(scores_of(square(0.4))) == [pytest.approx(0.6)]
