"""Small footage, made when the tests run, and the smallest runs on it."""

import cv2
import pytest
from training_footage import HEIGHT, draw_pan, draw_texture, write_video

from ctvos_core.training.cache import FrameCache
from ctvos_core.training.footage import build_cache


@pytest.fixture(scope="session")
def footage(tmp_path_factory):
    """Two scenes in one video, a photo, and files that are of no use."""
    folder = tmp_path_factory.mktemp("footage")
    write_video(folder / "two_scenes.mp4", draw_pan(1, 9) + draw_pan(2, 6))
    cv2.imwrite(str(folder / "photo.png"), draw_texture(3))
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 100)
    (folder / "not_a_photo.jpg").write_bytes(b"nothing")
    (folder / "sound.wav").write_bytes(b"RIFF")
    (folder / ".hidden").write_text("not listed")
    return folder


@pytest.fixture(scope="session")
def cache_folder(footage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    build_cache([footage], folder, short_side=HEIGHT)
    return folder


@pytest.fixture
def cache(cache_folder):
    return FrameCache(cache_folder)
