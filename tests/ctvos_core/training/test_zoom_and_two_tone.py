import numpy as np
import pytest
import torch

from ctvos_core.training.views.two_tone import two_tone
from ctvos_core.training.views.zoom import FACTORS, JITTER, draw_zooms

SIDE, PAST = 64, 7


@pytest.mark.parametrize("frames", [0, 1, 3, 5])
def test_each_zoomed_frame_has_two_views_inside_of_it(frames):
    for seed in range(20):
        chosen, maps = draw_zooms(np.random.default_rng(seed), PAST, frames, SIDE)
        assert len(chosen) == len(maps) == 2 * frames
        assert len(set(chosen)) == frames
        assert all(0 <= n < PAST for n in chosen)
        for n, zoom in enumerate(maps):
            factor = 1 / zoom[0, 0]
            assert abs(factor - FACTORS[n % 2]) <= JITTER
            corners = np.array([[0, 0], [SIDE - 1, SIDE - 1]]) @ zoom[:, :2].T + zoom[:, 2]
            assert corners.min() >= -1e-9
            assert corners.max() <= SIDE - 1 + 1e-9
            assert np.ptp(corners[:, 0]) == pytest.approx((SIDE - 1) / factor)


def test_no_more_frames_are_zoomed_than_there_are():
    with pytest.raises(ValueError, match="expected at most 2, got 3"):
        draw_zooms(np.random.default_rng(0), 2, 3, SIDE)


def reference_tones(images, direction, share):
    """The clip's tones, pixel by pixel."""
    N, _, H, W = images.shape
    values = torch.zeros(N, H, W)
    for n in range(N):
        for y in range(H):
            for x in range(W):
                around = images[n, :, max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
                values[n, y, x] = (around.mean((1, 2)) * direction).sum()
    limit = values[-1].flatten().sort().values[int(share * H * W) - 1]
    return torch.where(values > limit, 1.0, -1.0)


def test_tones_split_a_random_projection_of_the_colours_at_a_share_of_the_last_view():
    g = torch.Generator().manual_seed(0)
    images, direction = torch.rand(2, 3, 3, 7, 8, generator=g), torch.randn(2, 3, generator=g)
    share = torch.tensor([0.5, 0.875])
    found = two_tone(images, direction, share)
    assert found.shape == images.shape
    for b in range(2):
        expected = reference_tones(images[b], direction[b], share[b])
        assert (found[b, :, 0] == expected).float().mean() > 0.98  # rounding at the limit
        assert torch.equal(found[b, :, 0], found[b, :, 2])
        assert abs((found[b, -1, 0] < 0).float().mean() - share[b]) < 0.02


def test_however_small_the_share_the_last_view_has_both_tones():
    images = torch.rand(1, 2, 3, 7, 8, generator=torch.Generator().manual_seed(0))
    last = two_tone(images, torch.ones(1, 3), torch.tensor([1e-4]))[0, -1]
    assert set(last.unique().tolist()) == {-1.0, 1.0}
