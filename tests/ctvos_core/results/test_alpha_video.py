"""Cut-outs: opaque on objects, clear elsewhere, with the colours and times of the video."""

from pathlib import Path

import av
import numpy as np
import pytest

from ctvos_core.results.alpha import AlphaWriter, cut_out


def decode(path: Path) -> tuple[list[float], list[np.ndarray]]:
    """Times and RGBA frames; FFmpeg's own VP9 decoder gives no alpha."""
    times, images = [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        decoder.extradata = stream.codec_context.extradata
        for packet in container.demux(stream):
            for frame in decoder.decode(packet if packet.size else None):
                times.append(float(frame.pts * stream.time_base))
                images.append(frame.to_ndarray(format="rgba"))
    return times, images


def frames(count, height, width):
    for index in range(count):
        labels = np.zeros((height, width), np.uint8)
        labels[16:40, 8 + 4 * index : 40 + 4 * index] = 1 + index % 2
        yield np.full((height, width, 3), (200, 80, 40), np.uint8), labels


@pytest.mark.parametrize("size", [(64, 96), (63, 97)], ids=["even", "odd"])
def test_alpha_follows_the_objects_and_times_are_kept(tmp_path, size):
    times = [0.0, 0.04, 0.1, 0.5, 0.533]
    with AlphaWriter(tmp_path / "alpha.webm", size[1], size[0]) as writer:
        for time, (image, labels) in zip(times, frames(5, *size), strict=True):
            writer.write(image, labels, time)
    shown, images = decode(tmp_path / "alpha.webm")
    np.testing.assert_allclose(shown, times, atol=6e-4)
    for image, (_, labels) in zip(images, frames(5, *size), strict=True):
        assert image.shape == (*size, 4)
        assert ((image[..., 3] > 127) == (labels > 0)).mean() > 0.99
        inside = image[20:36, 30:36, :3].reshape(-1, 3).mean(0)
        np.testing.assert_allclose(inside, (200, 80, 40), atol=12)


def test_no_object_is_clear_and_nothing_of_the_frame_remains():
    image = np.full((32, 48, 3), 99, np.uint8)
    assert not cut_out(image, np.zeros((32, 48), np.uint8)).any()


def test_an_exception_leaves_no_file(tmp_path):
    image, labels = np.zeros((32, 48, 3), np.uint8), np.zeros((48, 32), np.uint8)
    with AlphaWriter(tmp_path / "alpha.webm", 48, 32) as writer:
        writer.write(image, labels.T, 0.0)
    before = (tmp_path / "alpha.webm").read_bytes()
    with (
        pytest.raises(ValueError, match="expected labels of shape"),
        AlphaWriter(tmp_path / "alpha.webm", 48, 32) as writer,
    ):
        writer.write(image, labels, 0.0)
    assert [path.name for path in tmp_path.iterdir()] == ["alpha.webm"]
    assert (tmp_path / "alpha.webm").read_bytes() == before
