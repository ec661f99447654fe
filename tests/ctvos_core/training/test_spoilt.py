"""Past masks with mistakes: the given view and the target stay as they are."""

import numpy as np
import torch

from ctvos_core.training.views.spoilt import SpoiltPlan, draw_spoilt, spoil

SIDE, VIEWS = 48, 4


def two_tone_clip():
    """(1, N, 3, S, S): a square of +1 on -1 in every view."""
    contents = torch.full((1, VIEWS, 3, SIDE, SIDE), -1.0)
    contents[..., 12:36, 12:36] = 1
    return contents


def plan_of(seed, present):
    drawn = draw_spoilt(np.random.default_rng(seed), present, VIEWS)
    return SpoiltPlan._make(part[None] for part in drawn)


def test_only_past_masks_after_the_first_get_mistakes():
    contents = two_tone_clip()
    spoilt = spoil(contents, plan_of(0, present=True))
    changed = (spoilt != contents).flatten(2).any(2)[0]
    assert changed.tolist() == [False, True, True, False]
    assert set(spoilt.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(spoilt[:, :, 0], spoilt[:, :, 2])


def test_most_of_a_mask_stays_right():
    contents = two_tone_clip()
    for seed in range(8):
        right = (spoil(contents, plan_of(seed, present=True)) == contents).float().mean()
        assert right > 0.6


def test_a_clip_without_mistakes_is_left_alone():
    contents = two_tone_clip()
    assert torch.equal(spoil(contents, plan_of(0, present=False)), contents)
