import cv2
import numpy as np
import pytest
import torch
from training_footage import CLIP_SETTINGS

from ctvos_core.errors import InputError
from ctvos_core.training.config import PairConfig
from ctvos_core.training.footage.cache import Scene
from ctvos_core.training.footage.scenes import SceneSampler, parse_weights, split_held_out
from ctvos_core.training.settings import configure
from ctvos_core.training.views.affine import about, apply, chain, invert
from ctvos_core.training.views.augment import draw_jitter, hide_channels, jitter
from ctvos_core.training.views.clips import ClipSampler, load_clips
from ctvos_core.training.views.frames import ResidentFrames, StreamedFrames, cut_views
from ctvos_core.training.views.pairs import PairSampler, load_pairs

CPU = torch.device("cpu")


def pairs(cache, seed=0, **settings):
    config = PairConfig(**{"view": 32, "points": 8} | settings)
    return PairSampler(cache, SceneSampler(cache.scenes, config.photo_share), config, seed)


def clips(cache, *settings):
    config = configure([*CLIP_SETTINGS, *settings])
    scenes = SceneSampler(cache.scenes, config.clips.photo_share, (), config.clips.past + 1)
    sampler = ClipSampler(scenes, config, config.seed)

    def draw(step, size=4):
        plan = sampler.plan(step, range(size))
        pixels = StreamedFrames(cache, CPU).load(plan.numbers.reshape(-1))
        return plan, load_clips(plan, pixels, config.clips.view)

    return draw


def test_views_are_those_that_opencv_cuts(cache):
    source = StreamedFrames(cache, CPU)
    rng = np.random.default_rng(0)
    numbers = np.array([0, 15, 3, 0])
    affines = np.stack(
        [
            about(
                np.full(2, 15.5), rng.uniform(-10, 70, 2), rng.uniform(0.3, 3), rng.uniform(-3, 3)
            )
            for _ in numbers
        ]
    )
    views = cut_views(source.load(numbers), torch.from_numpy(affines).float(), 32)
    for number, affine, view in zip(numbers, affines, views, strict=True):
        expected = cv2.warpAffine(
            cache.frame(int(number)).astype(np.float32),
            affine,
            (32, 32),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        # OpenCV rounds positions to 1/32 of a pixel.
        assert np.abs(view.permute(1, 2, 0).numpy() * 255 - expected).mean() < 1.5


def test_resident_frames_are_the_streamed_ones(cache):
    numbers = np.array([7, 0, 15, 7])
    affines = torch.from_numpy(np.repeat(np.eye(2, 3)[None], 4, 0)).float()
    sources = ResidentFrames(cache, CPU), StreamedFrames(cache, CPU)
    resident, streamed = (cut_views(s.load(numbers), affines, 40) for s in sources)
    assert torch.equal(resident, streamed)
    expected = cache.frame(7)[:40, :40].astype(np.float32) / 255
    assert np.allclose(resident[0].permute(1, 2, 0).numpy(), expected)


def test_affine_maps_chain_and_invert():
    rng = np.random.default_rng(0)
    a, b = (about(rng.normal(size=2), rng.normal(size=2), 1.7, 0.4, mirror=m) for m in (0, 1))
    points = rng.normal(size=(5, 2))
    assert np.allclose(apply(chain(a, b), points), apply(a, apply(b, points)))
    assert np.allclose(apply(invert(b), apply(b, points)), points)


def test_samples_depend_on_step_and_place_only(cache):
    first, second = pairs(cache), pairs(cache)
    second.plan(0, range(3))
    for a, b in zip(first.plan(5, range(4)), second.plan(5, range(2, 4)), strict=True):
        assert np.array_equal(a[2:], b)
    other = pairs(cache, seed=1).plan(5, range(4))
    assert not np.array_equal(first.plan(5, range(4)).affines, other.affines)


def test_points_of_both_views_show_the_same_colour(cache):
    """The defining property: the picture around a point is the same in both views."""
    sampler = pairs(cache, view=64, points=64, scale=(0.5, 0.9))
    source = StreamedFrames(cache, CPU)
    errors, chance = [], []
    for number in range(10):
        plan = sampler.plan(number, range(4))
        pixels = source.load(plan.numbers.reshape(-1))
        affines = torch.from_numpy(plan.affines).flatten(0, 1)
        views = cut_views(pixels, affines, 64).unflatten(0, (4, 2)).numpy()
        for n in range(4):
            points = plan.points[n][:, plan.valid[n]].round().astype(int)
            a, b = (views[n, v][:, points[v, :, 1], points[v, :, 0]] for v in (0, 1))
            errors += list(np.abs(a - b).mean(0))
            chance += list(np.abs(a - b[:, ::-1]).mean(0))
    assert np.mean(errors) < 0.4 * np.mean(chance)


def test_the_first_view_of_a_pair_has_a_hole(cache):
    sampler = pairs(cache)
    plan = sampler.plan(0, range(8))
    batch = load_pairs(plan, StreamedFrames(cache, CPU).load(plan.numbers.reshape(-1)), 32)
    assert batch.views.shape == (8, 2, 3, 32, 32)
    zero = (batch.views == 0).all(2).float().mean((2, 3))
    assert (zero[:, 0] > 0.015).all()
    assert (zero[:, 1] < 0.015).all()


def test_jittered_colours_stay_in_range_and_hidden_ones_are_zero():
    images = torch.rand(16, 3, 8, 8)
    lab = jitter(images, torch.from_numpy(draw_jitter(np.random.default_rng(0), 16)))
    assert lab.abs().max() < 1.2
    hidden = torch.rand(16, 2) < 0.5
    found = hide_channels(lab, hidden)
    assert torch.equal((found[:, 1:] == 0).all(-1).all(-1), hidden)
    assert torch.equal(found[:, 0], lab[:, 0])


def test_a_clip_is_past_frames_zoomed_views_and_the_current_frame(cache):
    plan, batch = clips(cache)(0, 8)
    assert batch.images.shape == (8, 2 + 2 + 1, 3, 32, 32)
    for numbers in plan.numbers:
        times = numbers[[0, 1, 4]]
        gaps = np.diff(times)
        assert len(set(gaps)) == 1
        assert 1 <= abs(gaps[0]) <= 3
        scene = next(s for s in cache.scenes if s.first <= numbers[0] < s.first + s.count)
        assert all(scene.first <= n < scene.first + scene.count for n in numbers)
        assert numbers[2] == numbers[3]
        assert numbers[2] in times[:2]


def test_the_papers_cutout_stays_in_the_image(cache):
    _, batch = clips(cache)(0)
    for contents, cutout in zip(batch.contents, batch.cutout, strict=True):
        assert 0.08 < cutout.float().mean() < 0.12
        assert (contents[:, :, cutout] == 0).all()
        assert (contents[:, :, ~cutout] != 0).any(1).float().mean() > 0.99


def test_an_attached_cutout_hides_the_same_part_of_the_scene(cache):
    """On a clip of one photo, known motion is all there is: where it takes the cutout is known."""
    draw = clips(cache, "objective.scene_attached=true", "clips.photo_share=1")
    plan, batch = draw(3, 4)
    assert (plan.numbers == plan.numbers[0, 0]).all()
    outside = 0
    for contents, maps, cutout in zip(batch.contents, plan.to_current, batch.cutout, strict=True):
        for view, to_current in zip(contents, maps, strict=True):
            hole = (view == 0).all(0).numpy()
            ys, xs = np.mgrid[:32, :32]
            points = apply(to_current, np.stack([xs, ys], -1).reshape(-1, 2)).round().astype(int)
            inside = ((points >= 1) & (points <= 30)).all(1)
            expected = cutout.numpy()[points[inside, 1], points[inside, 0]]
            outside += np.mean(hole.reshape(-1)[inside] != expected)
    assert outside / (4 * 5) < 0.05


def test_photos_become_moving_clips(cache):
    draw = clips(cache, "clips.photo_share=1", "objective.cutout=none")
    _, batch = draw(0)
    assert (batch.images[:, 0] - batch.images[:, -1]).abs().mean() > 0.02
    assert not batch.cutout.any()


def test_mask_like_clips_have_two_tones_and_the_cutout(cache):
    _, batch = clips(cache, "objective.two_tone_share=1")(0)
    assert set(batch.contents.unique().tolist()) == {-1.0, 0.0, 1.0}
    assert len(batch.images.unique()) > 1000


PASTED = ("objective.two_tone_share=1", "objective.pasted_share=1", "objective.cutout=none")


def test_what_is_pasted_is_seen_and_has_the_tone_of_its_layer(cache):
    both = ("clips.batch=12", "clips.channel_dropout=0")
    plan, without = clips(cache, *PASTED[:1], *PASTED[2:], *both)(0)
    changed, batch = clips(cache, *PASTED, *both)(0)
    assert np.array_equal(changed.numbers[:, :-1], plan.numbers)
    differs = (batch.images != without.images).any(2)
    assert 0.05 < differs.float().mean() < 0.8
    for clip, contents in enumerate(batch.contents[:, :, 0]):
        seen = differs[clip]
        tones = changed.pasted.tones[clip]
        assert sorted(map(abs, tones)) in ([0, 1], [1, 1])
        assert 1 in tones
        if changed.pasted.alone[clip]:
            assert (contents[~seen] == -1).all()
        else:
            assert torch.equal(contents[~seen], without.contents[clip, :, 0][~seen])
    alike = [tones.tolist() for tones in changed.pasted.tones if (tones != 0).all()]
    assert 0 < len(alike) < 12


def test_a_share_of_the_mask_like_clips_has_something_pasted_in(cache):
    draw = clips(
        cache, "objective.two_tone_share=0.5", "objective.pasted_share=0.5", "clips.batch=64"
    )
    plan, _ = draw(0)
    pasted, like_mask = plan.pasted.tones.any(1), plan.tones.any(1)
    assert not (pasted & ~like_mask).any()
    assert 0.3 < pasted[like_mask].mean() < 0.7


def test_sources_are_drawn_by_weight():
    scenes = [Scene(name, n, 4, 8, 8, 1.0) for n, name in enumerate(["a/x.mp4", "b/y.mp4"])]
    rng = np.random.default_rng(0)
    drawn = SceneSampler(scenes, 0, parse_weights("b/:0.25"))
    share = np.mean([drawn.draw(rng).source == "b/y.mp4" for _ in range(2000)])
    assert share == pytest.approx(0.2, abs=0.03)
    assert SceneSampler(scenes, 0, parse_weights("a:0")).draw(rng).source == "b/y.mp4"
    with pytest.raises(InputError, match="expected name:factor, got 'a:-1'"):
        parse_weights("a:-1")
    with pytest.raises(InputError, match="expected a scene of at least 5 frames, found none"):
        SceneSampler(scenes, 0, min_frames=5)


def test_held_out_sources_are_never_trained_on():
    scenes = [Scene(f"{n // 2}.mp4", n, 4, 8, 8, 1.0) for n in range(400)]
    train, held_out = split_held_out(scenes, 0.2)
    assert 40 < len(held_out) < 120
    assert not {s.source for s in train} & {s.source for s in held_out}
    assert split_held_out(scenes[:1], 0.2) == (scenes[:1], scenes[:1])
