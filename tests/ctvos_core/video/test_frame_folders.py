"""Folders of frames behave like files."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.video import FOLDER_FRAME_RATE, open_frames, probe


def test_frames_come_in_natural_order_with_their_own_stems(make_frames, picture):
    folder = make_frames([f"f{i}.png" for i in range(12)])
    (folder / "notes.txt").write_text("not a frame")
    (folder / "._f0.png").write_text("left by a Mac")
    info = probe(folder)
    assert info.stems == tuple(f"f{i}" for i in range(12))
    assert [file.name for file in info.frame_files] == [f"f{i}.png" for i in range(12)]
    assert (info.size, info.frame_count, info.is_folder) == ((96, 64), 12, True)
    assert (info.codec, info.frame_rate) == ("png", FOLDER_FRAME_RATE)
    np.testing.assert_allclose(info.times, np.arange(12) / 25)
    with open_frames(folder) as reader:
        forwards = list(reader.frames())
        for frame in forwards:
            np.testing.assert_array_equal(frame.image, picture(frame.index, 96, 64))
        backwards = [(f.index, f.time_seconds) for f in reader.frames_reversed(2, 9)]
        assert backwards == [(f.index, f.time_seconds) for f in forwards[2:9][::-1]]


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "JPG", "png", "webp", "bmp"])
def test_every_format(make_frames, picture, suffix):
    with open_frames(make_frames([f"0.{suffix}", f"1.{suffix}"])) as reader:
        assert np.abs(reader.frame(1).image.astype(int) - picture(1, 96, 64)).mean() < 4


@pytest.mark.parametrize(
    ("orientation", "rotation"), list(enumerate([0, 0, 180, 180, 90, 90, 270, 270], 1))
)
def test_exif_orientation(tmp_path, picture, orientation, rotation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture(0, 96, 64)
    Image.fromarray(stored).save(tmp_path / "0.png", exif=exif)
    shown = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(stored, 1),
    }[orientation]
    with open_frames(tmp_path) as reader:
        assert reader.info.rotation == rotation
        assert reader.info.size == (shown.shape[1], shown.shape[0])
        np.testing.assert_array_equal(reader.frame(0).image, shown)


def png_of_16_bit_rgb(values):
    height, width, _ = values.shape

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_every_kind_of_pixel_becomes_8_bit_rgb(tmp_path):
    gray = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)
    rgb = np.stack([gray, 255 - gray, gray // 2], axis=2)
    three = np.repeat(gray[..., None], 3, axis=2)
    alpha = np.full_like(gray, 7)
    Image.fromarray(gray).save(tmp_path / "0.png")
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "1.png")
    Image.fromarray(np.dstack([rgb, alpha])).save(tmp_path / "2.png")
    Image.fromarray(np.dstack([gray, alpha])).save(tmp_path / "3.png")
    palette = Image.fromarray(gray)
    palette.putpalette(bytes(v for i in range(256) for v in (i, 255 - i, i // 2)))
    palette.save(tmp_path / "4.png")
    (tmp_path / "5.png").write_bytes(png_of_16_bit_rgb(rgb.astype(np.uint16) * 257))
    Image.fromarray(gray > 100).save(tmp_path / "6.png")
    black_white = np.where(three > 100, 255, 0)
    expected = [three, three, rgb, three, rgb, rgb, black_white]
    with open_frames(tmp_path) as reader:
        for frame, right in zip(reader.frames(), expected, strict=True):
            assert frame.image.dtype == np.uint8
            assert frame.image.flags.c_contiguous
            np.testing.assert_array_equal(frame.image, right, err_msg=str(frame.index))


def refusal(folder):
    with pytest.raises(InputError) as caught, open_frames(folder) as reader:
        list(reader.frames())
    assert "\n" not in str(caught.value)
    return caught.value.code, str(caught.value)


def test_frames_of_different_size(make_frames):
    folder = make_frames(["0.png", "1.png"])
    Image.fromarray(np.zeros((64, 90, 3), np.uint8)).save(folder / "2.png")
    code, message = refusal(folder)
    assert code == "frame_sizes_differ"
    assert "got 0.png of 96x64 and 2.png of 90x64" in message


def test_folder_without_frames(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"")
    code, message = refusal(tmp_path)
    assert code == "video_has_no_frames"
    assert "expected frames (jpg, jpeg, jpe, jfif, png, webp, bmp" in message


def test_two_images_for_one_frame(make_frames):
    code, message = refusal(make_frames(["0.png", "1.png", "1.jpg"]))
    assert code == "frame_names_clash"
    assert "got 1.jpg and 1.png" in message


@pytest.mark.parametrize("keep", [0, 20, 0.5])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_damaged_frames_are_named(make_frames, keep, suffix):
    folder = make_frames([f"{i}.{suffix}" for i in range(3)])
    damaged = folder / f"1.{suffix}"
    data = damaged.read_bytes()
    damaged.write_bytes(data[: int(keep if keep != 0.5 else len(data) * keep)])
    code, message = refusal(folder)
    assert code == "video_corrupt"
    assert f"1.{suffix}" in message


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_frame_cut_short_is_found_before_work_begins(make_frames, suffix):
    folder = make_frames([f"{i}.{suffix}" for i in range(3)])
    cut = folder / f"1.{suffix}"
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(InputError, match=f"1.{suffix}: expected a whole image") as caught:
        probe(folder)
    assert caught.value.code == "video_corrupt"
    cut.write_bytes(whole + bytes(100_000))  # what others append does no harm
    assert probe(folder).frame_count == 3


def test_an_image_may_not_claim_any_size(make_frames):
    folder = make_frames(["0.png"])
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    (folder / "0.png").write_bytes(buffer.getvalue())
    code, message = refusal(folder)
    assert code == "video_too_large"
    assert "9000x9000" in message
