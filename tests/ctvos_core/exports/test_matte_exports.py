"""Mattes, opened by FFmpeg and by OpenEXR."""

import av
import numpy as np
import OpenEXR
import pytest
from exported_clip import FRAMES, HEIGHT, NAMES, RATE, WIDTH, picture, truth
from PIL import Image

from ctvos_core.exports import ExportOptions, export_results

FILES = {2: "dog", 7: "tabby_cat"}


def opened(path, **options):
    with av.open(str(path)) as film:
        film.streams.video[0].codec_context.options = options
        return next(film.decode(video=0))


def half_floats(frame):
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.float16).reshape(frame.height, plane.line_size // 2)
    return rows[:, : frame.width]


@pytest.mark.parametrize(("object_id", "name"), FILES.items())
def test_png_sequences_are_cut_out_pictures(exported, object_id, name):
    files = sorted((exported / "png-rgba" / name).iterdir())
    assert [path.name for path in files] == [f"{name}_{i:04d}.png" for i in range(1, FRAMES + 1)]
    for index, path in enumerate(files):
        assert opened(path).format.name == "rgba"
        pixels = np.asarray(Image.open(path))
        mask = truth(index) == object_id
        np.testing.assert_array_equal(pixels[..., 3], mask * 255)
        if mask.any():
            assert np.abs(pixels[mask][:, :3].astype(int) - picture(index)[mask]).mean() < 12


@pytest.mark.parametrize(("object_id", "name"), FILES.items())
def test_exr_sequences_have_one_channel_that_ffmpeg_opens(exported, object_id, name):
    files = sorted((exported / "exr" / name).iterdir())
    assert [path.name for path in files] == [f"{name}_{i:04d}.exr" for i in range(1, FRAMES + 1)]
    for index, path in enumerate(files):
        frame = opened(path)
        assert (frame.format.name, frame.width, frame.height) == ("grayf16le", WIDTH, HEIGHT)
        np.testing.assert_array_equal(half_floats(frame), truth(index) == object_id)


def test_layers_of_an_exr_are_the_objects(exported):
    files = sorted((exported / "exr" / "layers").iterdir())
    assert len(files) == FRAMES
    for index, path in enumerate(files):
        with OpenEXR.File(str(path)) as file:
            channels = file.channels()
            assert set(channels) == {"Y", "dog.Y", "tabby_cat.Y"}
            assert file.header()["framesPerSecond"] == RATE
            for object_id, name in FILES.items():
                pixels = channels[f"{name}.Y"].pixels
                assert pixels.dtype == np.float16
                np.testing.assert_array_equal(pixels, truth(index) == object_id)
        np.testing.assert_array_equal(half_floats(opened(path)), truth(index) > 0)
        layer = half_floats(opened(path, layer="tabby_cat"))
        np.testing.assert_array_equal(layer, truth(index) == 7)


@pytest.mark.parametrize(("object_id", "name"), FILES.items())
def test_prores_has_alpha_and_the_times_of_the_source(exported, object_id, name):
    with av.open(str(exported / "prores" / f"{name}.mov")) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "prores"
        assert stream.codec_context.codec_tag == "ap4h"
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
        assert stream.average_rate == RATE
        frames = list(film.decode(video=0))
        assert stream.duration * stream.time_base == pytest.approx(FRAMES / RATE, abs=1e-6)
    assert len(frames) == FRAMES
    for index, frame in enumerate(frames):
        assert frame.format.name.startswith("yuva444p1")
        assert float(frame.pts * frame.time_base) == pytest.approx(index / RATE, abs=1e-6)
        alpha = frame.to_ndarray(format="rgba")[..., 3]
        np.testing.assert_array_equal(alpha > 127, truth(index) == object_id)


def test_premultiplied_colours_are_black_off_the_object(results, video, tmp_path):
    formats = ["png-rgba", "prores"]
    options = ExportOptions(premultiplied=True)
    export_results(results, video, formats, folder=tmp_path, names=NAMES, options=options)
    pixels = np.asarray(Image.open(tmp_path / "png-rgba" / "dog" / "dog_0001.png"))
    assert not pixels[truth(0) != 2].any()
    film = opened(tmp_path / "prores" / "dog.mov").to_ndarray(format="rgba")
    away = np.ones_like(truth(0), bool)
    away[10:90, 5:60] = False
    assert film[away][:, :3].max() <= 2
    straight = np.asarray(Image.open(results / "exports" / "png-rgba" / "dog" / "dog_0001.png"))
    assert straight[truth(0) != 2].any()
    assert truth(0).size == WIDTH * HEIGHT
