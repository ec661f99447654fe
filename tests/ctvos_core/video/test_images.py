"""Pixels of single frames: real ranges of deep images, orientation, damaged metadata."""

import io
import struct
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.video import open_frames, probe
from ctvos_core.video.frames_zip import unpack_frames
from ctvos_core.video.images import read_frame_image

TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda a: np.rot90(a, 1),
}


def deep(path, rgb):
    cv2.imwrite(str(path), np.ascontiguousarray(rgb[..., ::-1]))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_deep_frames_are_read_with_their_real_range(tmp_path, bits, suffix, channels):
    top = 2**bits - 1
    ramp = np.linspace(0, top, 64 * 96 * channels).reshape(64, 96, channels).astype(np.uint16)
    deep(tmp_path / f"0.{suffix}", ramp)
    deep(tmp_path / f"1.{suffix}", ramp // 8)  # a dark frame stays dark
    right = np.broadcast_to(np.rint(ramp * (255 / top)), (64, 96, 3))
    with open_frames(tmp_path) as reader:
        assert reader.info.white == top
        bright, dark = (frame.image.astype(int) for frame in reader.frames())
    np.testing.assert_allclose(bright, right, atol=1)
    np.testing.assert_allclose(dark, right / 8, atol=1)


def test_8_bit_frames_have_no_white_of_their_own(make_frames):
    assert probe(make_frames(["0.png", "1.tif"])).white is None


def test_fractions_are_read_as_such(tmp_path):
    ramp = np.linspace(0, 1, 64 * 96, dtype=np.float32).reshape(64, 96)
    ramp[0, 0] = np.nan
    cv2.imwrite(str(tmp_path / "0.tif"), ramp)
    with open_frames(tmp_path) as reader:
        image = reader.frame(0).image
    np.testing.assert_allclose(image[..., 1].astype(int), np.nan_to_num(ramp) * 255, atol=1)


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "deep.png", "deep.tif"])
def test_orientation(tmp_path, picture, orientation, kind):
    stored = picture(0, 96, 64)
    path = tmp_path / f"0.{kind.split('.')[-1]}"
    if kind == "deep.png":
        deep(path, stored.astype(np.uint16) * 257)
        data = path.read_bytes()
        block = exif_block(orientation)
        chunk = b"eXIf" + block
        chunk = struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        path.write_bytes(data[:33] + chunk + data[33:])
    elif kind == "deep.tif":
        deep(path, stored.astype(np.uint16) * 257)
        set_tiff_orientation(path, orientation)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(stored).save(path, exif=exif, quality=95)
    shown = TURNED[orientation](stored)
    with open_frames(tmp_path) as reader:
        assert reader.info.size == (shown.shape[1], shown.shape[0])
        difference = reader.frame(0).image.astype(int) - shown
    assert np.abs(difference).mean() < 4


def test_orientation_holds_in_a_zip(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = io.BytesIO()
    Image.fromarray(picture(0, 96, 64)).save(photo, "JPEG", exif=exif, quality=95)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("0.jpg", photo.getvalue())
    (tmp_path / "frames").mkdir()
    unpack_frames(tmp_path / "a.zip", tmp_path / "frames", 10)
    with open_frames(tmp_path / "frames") as reader:
        image = reader.frame(0).image.astype(int)
    assert np.abs(image - np.rot90(picture(0, 96, 64), -1)).mean() < 4


def exif_block(orientation):
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def set_tiff_orientation(path, orientation):
    """Replace the tag that is least needed, SampleFormat or what else is last, by Orientation."""
    data = bytearray(path.read_bytes())
    assert data[:4] == b"II*\0"
    at = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, at)[0]
    entries = [bytes(data[at + 2 + 12 * i : at + 14 + 12 * i]) for i in range(count)]
    kept = [e for e in entries if struct.unpack_from("<H", e)[0] not in (0x0112, 339)]
    kept.append(struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0))
    kept.sort(key=lambda e: struct.unpack_from("<H", e)[0])
    end = struct.pack("<I", 0)
    data += struct.pack("<H", len(kept)) + b"".join(kept) + end
    struct.pack_into("<I", data, 4, len(data) - len(end) - 12 * len(kept) - 2)
    path.write_bytes(data)


BAD_EXIF = {
    "rubbish": b"Exif\0\0" + b"\xff" * 40,
    "empty": b"Exif\0\0",
    "cut": b"Exif\0\0" + exif_block(6)[:15],
    "loop": b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 0x8769, 4, 1, 8),
    "far offset": b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 0x0112, 3, 9999, 0x7FFFFFFF),
    "orientation of text": b"Exif\0\0II*\0" + struct.pack("<IHHHI4s", 8, 1, 0x0112, 2, 4, b"abc\0"),
    "orientation 99": b"Exif\0\0" + exif_block(99),
    "not even a header": b"Exif\0\0JUNK",
}


@pytest.mark.parametrize("block", BAD_EXIF.values(), ids=BAD_EXIF.keys())
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_bad_metadata_is_not_bad_pixels(tmp_path, picture, block, suffix):
    Image.fromarray(picture(0, 96, 64)).save(tmp_path / f"0.{suffix}", exif=block, quality=95)
    with open_frames(tmp_path) as reader:
        image = reader.frame(0).image
    assert np.abs(image.astype(int) - picture(0, 96, 64)).mean() < 4


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_damaged_deep_frame_is_named(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 65536, (64, 96, 3)).astype(np.uint16)
    path = tmp_path / f"0.{suffix}"
    deep(path, noise)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=f"0.{suffix}") as caught:
        read_frame_image(path, 0)
    assert caught.value.code == "video_corrupt"
