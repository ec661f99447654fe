"""Object ids survive reading and writing; what is no id mask is refused in clear words."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.results import davis_palette, mask_png_bytes, read_mask, write_mask

IDS = np.array([[0, 1, 2, 3], [3, 0, 0, 1], [2, 2, 0, 0]], np.uint8)
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


@pytest.fixture
def png(tmp_path):
    """Write raw values to a PNG of any depth and colour type, by the book and nothing else."""

    def write(values, depth=8, colour_type=GRAY, size=None):
        values = np.asarray(values)
        height, width = values.shape[:2]
        rows = []
        for row in values.reshape(height, -1):
            if depth == 16:
                data = row.astype(">u2").tobytes()
            else:
                bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
                data = np.packbits(bits.astype(np.uint8).ravel()).tobytes()
            rows.append(b"\0" + data)
        width, height = size or (width, height)
        chunks = [
            (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)),
            *([(b"PLTE", bytes(3 * 2**depth))] if colour_type == PALETTE else []),
            (b"IDAT", zlib.compress(b"".join(rows))),
            (b"IEND", b""),
        ]
        path = tmp_path / "mask.png"
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(data))
                + kind
                + data
                + struct.pack(">I", zlib.crc32(kind + data))
                for kind, data in chunks
            )
        )
        return path

    return write


def test_palette_formula():
    palette = davis_palette()
    assert palette.shape == (256, 3)
    assert palette.dtype == np.uint8
    # The first rows as published, and two further on.
    known = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128)]
    assert [tuple(row) for row in palette[:6].tolist()] == known
    assert palette[20].tolist() == [0, 64, 128]
    assert palette[255].tolist() == [224, 224, 192]
    assert len({tuple(row) for row in palette.tolist()}) == 256


def test_written_masks_read_back_exactly(tmp_path):
    labels = np.random.default_rng(0).integers(0, 256, (67, 101)).astype(np.uint8)
    write_mask(tmp_path / "m.png", labels)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png", (101, 67)), labels)
    with Image.open(tmp_path / "m.png") as image:
        assert image.mode == "P"
        assert image.getpalette() == davis_palette().ravel().tolist()
        np.testing.assert_array_equal(np.asarray(image), labels)
    assert [p.name for p in tmp_path.iterdir()] == ["m.png"]


def test_writing_is_reproducible():
    assert mask_png_bytes(IDS) == mask_png_bytes(IDS.copy(order="F"))


@pytest.mark.parametrize("labels", [IDS.astype(np.int64), np.zeros((2, 3, 1), np.uint8)])
def test_only_label_maps_are_written(labels):
    with pytest.raises(ValueError, match="expected labels uint8 H x W"):
        mask_png_bytes(labels)


@pytest.mark.parametrize(
    ("depth", "colour_type"),
    [(2, PALETTE), (4, PALETTE), (8, PALETTE), (2, GRAY), (4, GRAY), (8, GRAY), (16, GRAY)],
)
def test_ids_at_every_depth(png, depth, colour_type):
    labels = read_mask(png(IDS, depth, colour_type), (4, 3))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, IDS)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_black_and_white_is_one_object(png, depth):
    binary = (IDS > 1).astype(int)
    np.testing.assert_array_equal(read_mask(png(binary * (2**depth - 1), depth)), binary)
    assert (read_mask(png(np.full((3, 4), 2**depth - 1), depth)) == 1).all()


def test_one_bit_palette(png):
    binary = (IDS > 1).astype(np.uint8)
    np.testing.assert_array_equal(read_mask(png(binary, 1, PALETTE)), binary)


def test_indices_are_ids_whatever_their_number(png):
    labels = np.arange(256).reshape(16, 16)
    np.testing.assert_array_equal(read_mask(png(labels, 8, PALETTE)), labels)
    white = np.where(IDS > 0, 255, 0)
    np.testing.assert_array_equal(read_mask(png(white, 8, PALETTE)), white)


def test_sparse_gray_ids_stay(png):
    labels = IDS * 60
    np.testing.assert_array_equal(read_mask(png(labels)), labels)
    np.testing.assert_array_equal(read_mask(png(labels, 16)), labels)


def refusal(path, *arguments):
    with pytest.raises(InputError) as caught:
        read_mask(path, *arguments)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(
    ("colour_type", "colour", "came"),
    [
        (RGB, (200, 20, 20), "got RGB colours without black or white"),
        (RGB_ALPHA, (200, 20, 20, 90), "got RGBA colours that are half transparent"),
        (GRAY_ALPHA, (200, 90), "got LA colours that are half transparent"),
    ],
)
def test_colours_without_a_background_are_no_mask(png, colour_type, colour, came):
    code, message = refusal(png(np.full((3, 4, len(colour)), colour), 8, colour_type))
    assert code == "mask_not_indexed"
    assert came in message


@pytest.mark.parametrize(
    ("values", "depth"),
    [
        ([[0, 0, 128, 255]], 8),
        ([[0, 1, 255, 255]], 8),
        ([[0, 30000, 65535, 65535]], 16),
        ([list(range(100))], 8),
    ],
)
def test_soft_edges(png, values, depth):
    code, message = refusal(png(values, depth))
    assert code == "mask_antialiased"
    assert "gray values from 0 to" in message
    assert "anti-aliasing" in message


def test_ids_above_255(png):
    code, message = refusal(png([[0, 1, 256]], 16))
    assert code == "mask_id_too_large"
    assert "expected object ids 1 to 255, got 256" in message


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats(tmp_path, form):
    path = tmp_path / "mask.png"
    Image.fromarray(IDS).save(path, form)
    code, message = refusal(path)
    assert code == "mask_not_png"
    assert form[:3].lower() in message.lower()


def test_unreadable(tmp_path, png):
    path = tmp_path / "text.png"
    path.write_text("hello")
    assert refusal(path)[0] == "mask_unreadable"
    path.write_bytes(b"")
    assert "an empty file" in refusal(path)[1]
    whole = png(np.random.default_rng(0).integers(0, 9, (50, 50)))
    data = whole.read_bytes()
    for keep in (20, 60, len(data) // 2):
        whole.write_bytes(data[:keep])
        assert refusal(whole)[0] == "mask_unreadable"


def test_missing(tmp_path):
    assert refusal(tmp_path / "none.png")[0] == "file_not_found"
    assert refusal(tmp_path)[0] == "file_not_found"


@pytest.mark.parametrize("colour_type", [GRAY, PALETTE])
def test_background_only(png, colour_type):
    path = png(np.zeros((3, 4), int), 8, colour_type)
    code, message = refusal(path)
    assert code == "mask_empty"
    assert "background (0) everywhere" in message
    assert not read_mask(path, allow_empty=True).any()


def test_size_mismatch(png):
    code, message = refusal(png(IDS), (854, 480))
    assert code == "mask_size_mismatch"
    assert "854x480, got 4x3" in message
    assert "swapped" not in message
    assert "width and height swapped" in refusal(png(IDS), (3, 4))[1]


def test_size_claimed_by_the_header_is_limited(png):
    code, message = refusal(png(IDS, size=(60000, 60000)))
    assert code == "mask_too_large"
    assert "60000x60000" in message


def test_interlaced_png(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(IDS).save(buffer, "PNG", interlace=1)
    (tmp_path / "m.png").write_bytes(buffer.getvalue())
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), IDS)
