import math

import torch
import torch.nn.functional as F

from ctvos_core.objective.contrastive import contrastive_loss, sample_features


def unit(generator, *shape):
    return F.normalize(torch.randn(shape, generator=generator, dtype=torch.float64), dim=1)


def bilinear(features, x, y):
    """(C, h, w) at one point, from the four cells around it."""
    h, w = features.shape[1:]
    x0, y0 = min(int(x), w - 2), min(int(y), h - 2)
    fx, fy = x - x0, y - y0
    top = features[:, y0, x0] * (1 - fx) + features[:, y0, x0 + 1] * fx
    bottom = features[:, y0 + 1, x0] * (1 - fx) + features[:, y0 + 1, x0 + 1] * fx
    return F.normalize(top * (1 - fy) + bottom * fy, dim=0)


def reference(a, b, points_a, points_b, valid, temperature, radius):
    total, count = 0.0, 0
    B, _, h, w = b.shape
    for i in range(B):
        for p in range(points_a.shape[1]):
            if not valid[i, p]:
                continue
            query = bilinear(a[i], *points_a[i, p].tolist())
            x, y = points_b[i, p].tolist()
            positive = math.exp((query @ bilinear(b[i], x, y)).item() / temperature)
            others = sum(
                math.exp((query @ b[n, :, cy, cx]).item() / temperature)
                for n in range(B)
                for cy in range(h)
                for cx in range(w)
                if n != i or math.hypot(cx - x, cy - y) >= radius
            )
            total -= math.log(positive / (positive + others))
            count += 1
    return total / max(count, 1)


def test_the_loss_is_infonce_over_the_batch_without_the_neighbourhood():
    g = torch.Generator().manual_seed(0)
    a, b = unit(g, 2, 6, 5, 4), unit(g, 2, 6, 5, 4)
    points_a, points_b = (torch.rand(2, 7, 2, generator=g, dtype=torch.float64) * 3 for _ in "ab")
    valid = torch.rand(2, 7, generator=g) < 0.7
    expected = reference(a, b, points_a, points_b, valid, 0.2, 1.5)
    assert math.isclose(contrastive_loss(a, b, points_a, points_b, valid, 0.2).item(), expected)


def test_points_on_cells_sample_those_cells():
    features = unit(torch.Generator().manual_seed(1), 1, 4, 3, 5)
    points = torch.tensor([[[0.0, 0.0], [4.0, 2.0], [2.0, 1.0]]], dtype=torch.float64)
    sampled = sample_features(features, points)
    assert torch.allclose(sampled[0, 0], features[0, :, 0, 0])
    assert torch.allclose(sampled[0, 1], features[0, :, 2, 4])
    assert torch.allclose(sampled[0, 2], features[0, :, 1, 2])


def test_no_valid_point_means_no_loss_and_no_nan():
    g = torch.Generator().manual_seed(2)
    a = unit(g, 1, 4, 3, 3).requires_grad_()
    points = torch.zeros(1, 2, 2, dtype=torch.float64)
    loss = contrastive_loss(a, a, points, points, torch.zeros(1, 2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert a.grad.isfinite().all()


def test_matching_features_cost_less_than_shuffled_ones():
    g = torch.Generator().manual_seed(3)
    a = unit(g, 1, 16, 6, 6)
    ys, xs = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    points = torch.stack([xs, ys], -1).reshape(1, 36, 2).double()
    valid = torch.ones(1, 36, dtype=torch.bool)
    matched = contrastive_loss(a, a, points, points, valid)
    shuffled = contrastive_loss(a, a, points, points.flip(1), valid)
    assert matched < 0.1 < shuffled


def test_other_images_are_negatives_as_those_of_the_batch_are():
    """The loss of a batch is the mean of its halves', each with the other's cells as negatives."""
    g = torch.Generator().manual_seed(4)
    a, b = unit(g, 4, 6, 3, 4), unit(g, 4, 6, 3, 4)
    points_a, points_b = (torch.rand(4, 5, 2, generator=g, dtype=torch.float64) * 2 for _ in "ab")
    valid = torch.ones(4, 5, dtype=torch.bool)
    whole = contrastive_loss(a, b, points_a, points_b, valid)
    halves = [
        contrastive_loss(a[i], b[i], points_a[i], points_b[i], valid[i], others=b[j])
        for i, j in ((slice(2), slice(2, 4)), (slice(2, 4), slice(2)))
    ]
    assert torch.allclose(whole, torch.stack(halves).mean())
