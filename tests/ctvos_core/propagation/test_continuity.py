import pytest
import torch

from ctvos_core.propagation.continuity import without_jumps

SIDE, PARTS = 20, 2


def soft_masks(*objects: torch.Tensor) -> torch.Tensor:
    """(K+1, h, w): the objects, and the background."""
    stacked = torch.stack(objects)
    return torch.cat([1 - stacked.sum(0, keepdim=True), stacked])


def at(top: int, left: int, side: int = 4, probability: float = 0.9) -> torch.Tensor:
    mask = torch.zeros(SIDE, SIDE)
    mask[top : top + side, left : left + side] = probability
    return mask


def in_parts(cells: torch.Tensor) -> torch.Tensor:
    return cells.repeat_interleave(PARTS, 1).repeat_interleave(PARTS, 2)


def shown(soft: torch.Tensor, before: torch.Tensor, radius: int = 3) -> torch.Tensor:
    found = without_jumps(in_parts(soft), before, radius)
    assert torch.allclose(found.sum(0), torch.ones(()))
    return found[:, ::PARTS, ::PARTS]


def test_a_look_alike_is_left_alone_while_the_object_is_near_its_place():
    now = soft_masks(at(3, 4) + at(14, 14))
    found = shown(now, soft_masks(at(2, 2)))
    assert torch.allclose(found[1], at(3, 4))
    assert found[0, 15, 15] == 1


def test_the_radius_is_counted_from_the_nearest_cell_of_the_object():
    before = soft_masks(at(8, 2))
    row = torch.zeros(SIDE, SIDE)
    row[8:12, 2:] = 0.9
    found = shown(soft_masks(row), before)
    assert found[1, 9].nonzero().max() == 5 + 3


@pytest.mark.parametrize("left_over", [0.0, 0.5])
def test_an_object_that_is_mostly_gone_may_be_anywhere(left_over):
    now = soft_masks(at(2, 2, probability=left_over) + at(14, 14))
    assert torch.allclose(shown(now, soft_masks(at(2, 2))), now)


def test_an_object_that_was_not_seen_may_be_anywhere():
    now = soft_masks(at(14, 14))
    for before in (torch.zeros(SIDE, SIDE), at(2, 2, probability=0.3)):
        assert torch.allclose(shown(now, soft_masks(before)), now)


def test_objects_are_told_apart_and_new_ones_may_be_anywhere():
    now = soft_masks(at(2, 2) + at(9, 9), at(14, 2), at(2, 14))
    before = soft_masks(at(2, 2), at(14, 14))
    found = shown(now, before)
    assert torch.allclose(found[1], at(2, 2))
    assert torch.allclose(found[2], at(14, 2))  # it is nowhere near its place: it jumped
    assert torch.allclose(found[3], at(2, 14))
