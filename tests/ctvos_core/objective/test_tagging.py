import math

import pytest
import torch

from ctvos_core.objective.tagging import (
    TagSample,
    pull_loss,
    push_loss,
    sample_tags,
    tag_cross_entropy,
    tag_difference,
)

SHAPE = (3, 8, 9)


@pytest.fixture
def drawn():
    g = torch.Generator().manual_seed(0)
    tags, noise = torch.rand(2, *SHAPE, generator=g, dtype=torch.float64)
    return tags, torch.rand(SHAPE, generator=g) < 0.4, noise


def whole(tags):
    return TagSample(tags, torch.ones_like(tags, dtype=torch.bool))


def test_pull_is_equation_5():
    tags = torch.rand(2, 7, dtype=torch.float64)
    for row, loss in zip(tags.tolist(), pull_loss(whole(tags)).tolist(), strict=True):
        mean = sum(row) / len(row)
        assert loss == pytest.approx(sum((h - mean) ** 2 for h in row) / len(row))


@pytest.mark.parametrize("margin", [0.1, 0.5, 1.0])
def test_push_is_equation_6(margin):
    rest, cutout = torch.rand(2, 20, 5, dtype=torch.float64)
    losses = push_loss(whole(rest), whole(cutout), margin).tolist()
    for b, c, loss in zip(rest.tolist(), cutout.tolist(), losses, strict=True):
        gap = abs(sum(b) / len(b) - sum(c) / len(c))
        assert loss == pytest.approx(max(0.0, margin - gap))


def test_samples_are_different_pixels_of_the_region(drawn):
    tags, region, noise = drawn
    found = sample_tags(tags, region, noise, 6)
    for b in range(len(tags)):
        own = set(tags[b][region[b]].tolist())
        taken = found.tags[b][found.valid[b]].tolist()
        assert len(taken) == len(set(taken)) == 6
        assert set(taken) <= own


def test_all_of_a_region_smaller_than_the_sample_is_taken(drawn):
    tags, region, noise = drawn
    for count in (region[0].sum().item() + 1, 10_000):
        found = sample_tags(tags, region, noise, count)
        taken = sorted(found.tags[0][found.valid[0]].tolist())
        assert taken == sorted(tags[0][region[0]].tolist())
        mean = tags[0][region[0]].mean()
        variance = (tags[0][region[0]] - mean).square().mean()
        assert pull_loss(found)[0] == pytest.approx(variance.item())


def test_empty_regions_cost_nothing_and_give_no_nan(drawn):
    tags, _, noise = drawn
    tags = tags.requires_grad_()
    nothing = sample_tags(tags, torch.zeros(SHAPE, dtype=torch.bool), noise, 5)
    everything = sample_tags(tags, torch.ones(SHAPE, dtype=torch.bool), noise, 5)
    loss = (
        pull_loss(nothing)
        + push_loss(everything, nothing, 0.5)
        + push_loss(nothing, everything, 0.5)
    )
    loss.sum().backward()
    assert (loss == 0).all()
    assert (tags.grad == 0).all()


def test_cross_entropy_has_label_0_in_the_cutout(drawn):
    tags, cutout, _ = drawn
    for b, loss in enumerate(tag_cross_entropy(tags, cutout).tolist()):
        terms = [
            math.log(1 - h) if cut else math.log(h)
            for h, cut in zip(tags[b].flatten().tolist(), cutout[b].flatten().tolist(), strict=True)
        ]
        assert loss == pytest.approx(-sum(terms) / len(terms), rel=1e-5)


def test_tag_difference_is_that_of_the_means(drawn):
    tags, cutout, _ = drawn
    expected = (tags[1][cutout[1]].mean() - tags[1][~cutout[1]].mean()).abs()
    assert tag_difference(tags, cutout)[1] == pytest.approx(expected.item())
    assert tag_difference(tags, torch.zeros_like(cutout)).isnan().all()
