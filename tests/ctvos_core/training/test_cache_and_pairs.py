import cv2
import numpy as np
import pytest

from ctvos_core.errors import InputError
from ctvos_core.training.cache import FrameCache, build_cache
from ctvos_core.training.motion import displace, grid_points, match_frames
from ctvos_core.training.pairs import PairConfig, PairSampler
from ctvos_core.video import VideoWriter

HEIGHT, WIDTH = 96, 128


def texture(seed):
    """A smooth random picture, larger than a frame."""
    noise = np.random.default_rng(seed).integers(0, 256, (2 * HEIGHT, 2 * WIDTH, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


def pan(seed, T=6, step=(3, 2)):
    """T frames of a camera that moves over a picture by `step` = (x, y) pixels per frame.

    The higher the seed, the darker the picture.
    """
    picture = texture(seed) // seed
    return [
        picture[y : y + HEIGHT, x : x + WIDTH].copy()
        for x, y in ((20 + t * step[0], 20 + t * step[1]) for t in range(T))
    ]


def write_video(path, frames, rate=6):
    with VideoWriter(path, WIDTH, HEIGHT, quality=4) as writer:
        for t, frame in enumerate(frames):
            writer.write(frame, t / rate)


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Two scenes in one video, a photo, and files that are of no use."""
    folder = tmp_path_factory.mktemp("footage")
    write_video(folder / "two_scenes.mp4", pan(1) + pan(2, T=5))
    cv2.imwrite(str(folder / "photo.png"), texture(3))
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 100)
    (folder / "not_a_photo.jpg").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("ignored")
    return folder


@pytest.fixture(scope="module")
def cache(footage, tmp_path_factory):
    return build_cache([footage], tmp_path_factory.mktemp("cache"), short_side=HEIGHT)


def test_motion_of_a_pan_is_the_pan():
    first, second = pan(1, T=2)
    motion = match_frames(first, second)
    assert motion.shape == grid_points(HEIGHT, WIDTH).shape
    known = motion[np.isfinite(motion[..., 0])]
    assert len(known) > 0.8 * motion.shape[0] * motion.shape[1]
    assert np.allclose(np.median(known, 0), (-3, -2), atol=0.2)


def test_motion_between_strangers_is_not_known():
    motion = match_frames(texture(0)[:HEIGHT, :WIDTH], texture(9)[:HEIGHT, :WIDTH])
    assert np.isfinite(motion[..., 0]).mean() < 0.25


def test_points_move_by_interpolated_motion_and_get_lost_without():
    motion = np.full((4, 5, 2), (1.0, -2.0), np.float16)
    motion[:, 3:] = np.nan
    points = np.array([[10.0, 10.0], [27.9, 20.0], [np.nan, 5.0]])
    moved = displace(points, motion)
    assert np.allclose(moved[0], (11, 8))
    assert np.isnan(moved[1:]).all()


def test_scenes_end_at_cuts_and_unusable_files_are_listed(cache, footage):
    lengths = {(s.source, s.count) for s in cache.scenes}
    assert lengths == {("two_scenes.mp4", 6), ("two_scenes.mp4", 5), ("photo.png", 1)}
    assert set(cache.index.skipped) == {
        str(footage / "broken.mp4"),
        str(footage / "not_a_photo.jpg"),
    }


def test_a_cache_reads_back_what_was_in_the_video(cache):
    scene = next(s for s in cache.scenes if s.count == 5)
    for n, frame in enumerate(pan(2, T=5)):
        error = np.abs(cache.frame(scene.first + n).astype(int) - frame).mean()
        assert error < 6
    assert np.allclose(np.nanmedian(cache.motion(scene, scene.first), (0, 1)), (-3, -2), atol=0.3)


def test_a_cache_can_be_opened_again(cache, tmp_path_factory):
    folder = next(p for p in tmp_path_factory.getbasetemp().glob("cache*"))
    again = FrameCache(folder)
    assert again.scenes == cache.scenes
    assert np.array_equal(again.frame(3), cache.frame(3))


def test_a_folder_without_footage_is_one_clear_line(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match="expected videos or photos, found none usable"):
        build_cache([tmp_path / "in"], tmp_path / "out")


def test_a_batch_depends_on_its_number_only(cache):
    config = PairConfig(view=32, points=8)
    first, second = PairSampler(cache, config), PairSampler(cache, config)
    second.batch(0, 3)
    for a, b in zip(first.batch(5, 3), second.batch(5, 3), strict=True):
        assert np.array_equal(a.numpy(), b.numpy())
    other = PairSampler(cache, config, seed=1).batch(5, 3)
    assert not np.array_equal(first.batch(5, 3).views.numpy(), other.views.numpy())


def test_points_of_both_views_show_the_same_colour(cache):
    """The defining property: the picture around a point is the same in both views."""
    config = PairConfig(view=64, points=64, scale=(0.5, 0.9))
    sampler = PairSampler(cache, config)
    errors, chance = [], []
    for number in range(10):
        batch = sampler.batch(number, 4)
        for pair in range(4):
            images = [batch.views[k, pair].permute(1, 2, 0).numpy().astype(float) for k in (0, 1)]
            points = batch.points[:, pair].numpy()[:, batch.valid[pair].numpy()]
            a, b = (
                i[p[:, 1].round().astype(int), p[:, 0].round().astype(int)]
                for i, p in zip(images, points, strict=True)
            )
            errors += list(np.abs(a - b).mean(-1))
            chance += list(np.abs(a - b[::-1]).mean(-1))
    assert np.mean(errors) < 0.4 * np.mean(chance)
