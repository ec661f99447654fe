from fractions import Fraction

import numpy as np
import pytest
from training_footage import HEIGHT, WIDTH, draw_pan, draw_texture, write_video

from ctvos_core.errors import InputError
from ctvos_core.training.footage.cache import FrameCache
from ctvos_core.training.footage.motion import displace, grid_points, match_frames
from ctvos_core.training.footage.scan import build_cache
from ctvos_core.video import Timeline, VideoWriter


def test_motion_of_a_pan_is_the_pan():
    first, second = draw_pan(1, 2)
    motion = match_frames(first, second)
    assert motion.shape == grid_points(HEIGHT, WIDTH).shape
    known = motion[np.isfinite(motion[..., 0])]
    assert len(known) > 0.8 * motion.shape[0] * motion.shape[1]
    assert np.allclose(np.median(known, 0), (-3, -2), atol=0.2)


def test_motion_between_strangers_is_not_known():
    motion = match_frames(*(draw_texture(1)[s, :WIDTH] for s in (slice(64), slice(64, 128))))
    assert np.isfinite(motion[..., 0]).mean() < 0.25


def test_points_move_by_interpolated_motion_and_get_lost_without():
    motion = np.full((4, 5, 2), (1.0, -2.0), np.float16)
    motion[:, 3:] = np.nan
    points = np.array([[10.0, 10.0], [27.9, 20.0], [np.nan, 5.0]])
    moved = displace(points, motion)
    assert np.allclose(moved[0], (11, 8))
    assert np.isnan(moved[1:]).all()


def test_scenes_end_at_cuts_and_unusable_files_are_listed(cache, footage):
    lengths = {(s.source.partition("/")[2], s.count) for s in cache.scenes}
    assert lengths == {("two_scenes.mp4", 9), ("two_scenes.mp4", 6), ("photo.png", 1)}
    assert {s.source.partition("/")[0] for s in cache.scenes} == {footage.name}
    reasons = cache.index.skipped
    assert set(reasons) == {
        str(footage / name) for name in ("broken.mp4", "not_a_photo.jpg", "sound.wav")
    }
    assert reasons[str(footage / "sound.wav")] == "neither a video nor a photo, by its name"


def test_a_cache_reads_back_what_was_in_the_video(cache):
    scene = next(s for s in cache.scenes if s.count == 6)
    for n, frame in enumerate(draw_pan(2, 6)):
        error = np.abs(cache.frame(scene.first + n).astype(int) - frame).mean()
        assert error < 6
    assert np.allclose(np.nanmedian(cache.motion(scene, scene.first), (0, 1)), (-3, -2), atol=0.3)


def test_black_frames_end_scenes_and_what_is_black_or_still_is_dropped(tmp_path):
    black, still = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 4, draw_pan(1, 1) * 5
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in/a_black.mp4", black)
    write_video(tmp_path / "in/b_still.mp4", still)
    write_video(tmp_path / "in/c_mixed.mp4", draw_pan(1, 5) + black + draw_pan(1, 4))
    write_video(tmp_path / "in/d_still_again.mp4", still)
    write_video(tmp_path / "in/e_good.mp4", draw_pan(2, 5))
    cache = build_cache([tmp_path / "in"], tmp_path / "out")
    found = [(s.source, s.first, s.count) for s in cache.scenes]
    assert found == [("in/c_mixed.mp4", 0, 5), ("in/c_mixed.mp4", 5, 4), ("in/e_good.mp4", 9, 5)]
    assert [path[-8:] for path in cache.index.skipped] == ["lack.mp4", "till.mp4", "gain.mp4"]
    assert cache.frame_count == 14
    for scene in cache.scenes:
        motion = cache.motion(scene, scene.first)
        assert np.allclose(np.nanmedian(motion, (0, 1)), (-3, -2), atol=0.3)
    expected = draw_pan(2, 5)[4]
    assert np.abs(cache.frame(13).astype(int) - expected).mean() < 6


def test_after_a_pause_frames_are_taken_at_the_same_rate(tmp_path):
    (tmp_path / "in").mkdir()
    ticks = [*range(13), *range(90_000, 90_013)]
    timeline = Timeline.of_stamps(ticks, Fraction(1, 25), None)
    images = draw_pan(1, 13) * 2
    with VideoWriter(
        tmp_path / "in/paused.mp4", WIDTH, HEIGHT, timeline=timeline, quality=4
    ) as film:
        for image, tick in zip(images, ticks, strict=True):
            film.write(image, tick / 25)
    cache = build_cache([tmp_path / "in"], tmp_path / "out", short_side=HEIGHT)
    assert sum(scene.count for scene in cache.scenes) == 6


def test_a_cache_can_be_opened_again(cache, cache_folder):
    again = FrameCache(cache_folder)
    assert again.scenes == cache.scenes
    assert np.array_equal(again.frame(3), cache.frame(3))


def test_folders_without_footage_are_one_clear_line(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match=r"expected videos or photos, found none usable$"):
        build_cache([tmp_path / "in"], tmp_path / "out")
    (tmp_path / "in/notes.txt").write_text("no footage")
    with pytest.raises(InputError, match="found none usable among 1 files"):
        build_cache([tmp_path / "in"], tmp_path / "out")
    with pytest.raises(InputError, match="missing: expected a folder"):
        build_cache([tmp_path / "missing"], tmp_path / "out")
