import pytest
import torch

from ctvos_core.objective.reconstruction import cell_means, copy_loss, reconstruction_loss


def test_reconstruction_is_equations_2_and_3():
    predicted, target = torch.rand(2, 2, 3, 5, 4, dtype=torch.float64) * 4 - 2
    terms = []
    for p, t in zip(predicted.flatten().tolist(), target.flatten().tolist(), strict=True):
        gap = abs(p - t)
        terms.append(0.5 * gap**2 if gap < 1 else gap - 0.5)
    expected = sum(terms) / len(terms)
    assert reconstruction_loss(predicted, target).item() == pytest.approx(expected, rel=1e-6)


def test_copy_loss_is_linear_above_its_threshold():
    copied, target = torch.rand(2, 2, 3, 5, 4) * 0.3
    terms = []
    for p, t in zip(copied.flatten().tolist(), target.flatten().tolist(), strict=True):
        gap = abs(p - t)
        terms.append(0.5 * gap**2 / 0.1 if gap < 0.1 else gap - 0.05)
    assert copy_loss(copied, target, 0.1).item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


@pytest.mark.parametrize("stride", [4, 8])
def test_a_cell_is_the_mean_of_the_pixels_around_its_centre(stride):
    images = torch.rand(1, 2, 32, 24, dtype=torch.float64)
    cells = cell_means(images, stride)
    assert cells.shape == (1, 2, 32 // stride, 24 // stride)
    for j in range(32 // stride):
        for i in range(24 // stride):
            top, left = max(j * stride - stride // 2, 0), max(i * stride - stride // 2, 0)
            part = images[
                0, :, top : j * stride + stride // 2 + 1, left : i * stride + stride // 2 + 1
            ]
            assert torch.allclose(cells[0, :, j, i], part.mean((1, 2)))
