"""Small real videos and footage, made when the tests run."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from training_footage import HEIGHT, draw_pan, draw_texture, write_video

from ctvos_core.training.footage.cache import FrameCache
from ctvos_core.training.footage.scan import build_cache

MakeVideo = Callable[..., Path]


def draw_frame(index: int, width: int, height: int) -> np.ndarray:
    """A gray that tells the index (40 + 6 index), and colours that tell the corners apart."""
    image = np.full((height, width, 3), 40 + 6 * index, np.uint8)
    image[: height // 4, : width // 4] = (220, 30, 30)
    image[: height // 4, -(width // 4) :] = (30, 200, 30)
    image[-(height // 4) :, : width // 4] = (30, 30, 220)
    return image


@pytest.fixture
def picture() -> Callable[[int, int, int], np.ndarray]:
    return draw_frame


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """Encode `count` frames of `draw_frame`; frame i appears at tick `ticks[i]` of `time_base`."""

    def make(
        name: str = "clip.mp4",
        *,
        count: int = 20,
        size: tuple[int, int] = (96, 64),
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        container: str | None = None,
        ticks: Sequence[int] | None = None,
        time_base: Fraction = Fraction(1, 25),
        options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        key_every: int = 6,
        rotate: float | None = None,
        mirror: bool = False,
        matrix: int | None = None,
        value_range: int | None = None,
        sound: bool = False,
        aspect: Fraction | None = None,
    ) -> Path:
        path = tmp_path / name
        reformatter = VideoReformatter()
        with av.open(str(path), "w", format=container, options=container_options or {}) as out:
            stream = out.add_stream(codec, rate=25, options=options or {})
            stream.width, stream.height = size
            stream.pix_fmt = pix_fmt
            stream.codec_context.time_base = time_base
            stream.codec_context.gop_size = key_every
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            if matrix is not None:
                stream.codec_context.colorspace = matrix
            if value_range is not None:
                stream.codec_context.color_range = value_range
            if rotate is not None or mirror:
                stream.set_display_rotation(rotate or 0, hflip=mirror)
            audio = out.add_stream("aac", rate=48000) if sound else None
            for index, tick in enumerate(ticks or range(count)):
                source = av.VideoFrame.from_ndarray(draw_frame(index, *size), "rgb24")
                frame = reformatter.reformat(
                    source, format=pix_fmt, dst_colorspace=matrix, dst_color_range=value_range
                )
                frame.pts, frame.time_base = tick, time_base
                out.mux(stream.encode(frame))
                if audio is not None:
                    silence = av.AudioFrame.from_ndarray(
                        np.zeros((2, 1920), np.float32), "fltp", "stereo"
                    )
                    silence.sample_rate = 48000
                    out.mux(audio.encode(silence))
            out.mux(stream.encode(None))
            if audio is not None:
                out.mux(audio.encode(None))
        return path

    return make


@pytest.fixture
def make_frames(tmp_path: Path) -> Callable[..., Path]:
    """A folder of images `name_of(i)`, each drawn by `draw_frame`."""
    from PIL import Image

    def make(names: Sequence[str], size: tuple[int, int] = (96, 64)) -> Path:
        folder = tmp_path / "frames"
        folder.mkdir(exist_ok=True)
        for index, name in enumerate(names):
            Image.fromarray(draw_frame(index, *size)).save(folder / name)
        return folder

    return make


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
