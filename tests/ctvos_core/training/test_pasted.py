import numpy as np
import pytest
import torch

from ctvos_core.training.views.pasted import object_region, place

SIDE = 33


def ellipse(*numbers: float) -> torch.Tensor:
    return torch.tensor([numbers])


def test_an_object_is_of_one_tone_and_in_the_ellipse():
    image = torch.full((1, 3, SIDE, SIDE), -0.5)
    image[:, :, :, 16:] = 0.5  # half of it bright
    bright = torch.ones(1, 3)
    region = object_region(image, bright, torch.tensor([0.45]), ellipse(16, 16, 12, 6))[0]
    ys, xs = np.mgrid[:SIDE, :SIDE]
    inside = ((xs - 16) / 12) ** 2 + ((ys - 16) / 6) ** 2 < 1
    assert region[torch.from_numpy(~inside)].mean() < 0.02  # smoothed at the edge
    assert region[16, 19:26].all()
    assert not region[:, :13].any()


def test_with_no_share_of_the_other_tone_all_of_the_ellipse_is_the_object():
    image = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    region = object_region(image, torch.ones(1, 3), torch.tensor([1e-6]), ellipse(16, 16, 10, 10))
    assert region.mean() == pytest.approx(np.pi * 10**2 / SIDE**2, rel=0.1)


def test_layers_are_placed_by_their_maps():
    layer = torch.zeros(1, 2, SIDE, SIDE)
    layer[0, 0, 10, 8] = 1
    layer[0, 1] = 1
    still, moved = torch.eye(2, 3), torch.tensor([[1.0, 0, 5], [0, 1, -3]])
    double = torch.tensor([[0.5, 0, 0], [0, 0.5, 0]])
    found = place(layer, torch.stack([still, moved, double])[None])[0]
    assert found.shape == (3, 2, SIDE, SIDE)
    assert torch.allclose(found[0], layer[0], atol=1e-5)
    assert found[1, 0].argmax() == 13 * SIDE + 3
    assert found[2, 0].argmax() == 20 * SIDE + 16
    # Nothing of it is seen where the layer ends.
    assert found[1, 1, :3].max() == 0
    assert found[1, 1, :, -5:].max() == 0
    assert found[1, 1, 3:, :-5].min() == pytest.approx(1, abs=1e-5)
