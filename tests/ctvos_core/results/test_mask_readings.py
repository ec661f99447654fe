"""Masks of people and programs: colours against indices, soft edges, many gray ids."""

import cv2
import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.results import davis_palette, mask_png_bytes, read_mask_image
from ctvos_core.results.mask_reader import with_shared_colours

HEIGHT, WIDTH = 60, 80


@pytest.fixture
def two_objects():
    """Two squares apart, ids 1 and 2."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:40, 8:30] = 1
    labels[15:50, 45:70] = 2
    return labels


@pytest.fixture
def save(tmp_path):
    def write(image, name="mask.png", **options):
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return write


def painted(labels, *colours):
    return np.array(colours, np.uint8)[labels]


def indexed(labels, *colours):
    image = Image.fromarray(labels)
    image.putpalette(bytes(np.array(colours, np.uint8).ravel()))
    return image


def smooth(image, side=9):
    """As a program draws shapes with soft edges."""
    return cv2.GaussianBlur(image, (side, side), 0)


WHITE, BLACK, RED, GREEN, BLUE = (255,) * 3, (0,) * 3, (255, 0, 0), (0, 255, 0), (0, 0, 255)


def test_black_and_white_in_a_palette_with_white_first(save, two_objects):
    on = (two_objects > 0).astype(np.uint8)
    for image in (
        indexed(1 - on, WHITE, BLACK),
        indexed(1 - on, (250, 250, 251), (3, 2, 3)),
        Image.fromarray(painted(on, BLACK, WHITE)).quantize(2),
        Image.fromarray(on * 255).convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE),
    ):
        found = read_mask_image(save(image))
        np.testing.assert_array_equal(found.labels, on)
        assert found.told() in (
            "read by black and white: 1 object (1)",
            "read by its indices: 1 object (1)",
        )


def test_a_palette_that_a_program_sorted(save, two_objects):
    """Black elsewhere than at 0: colours say which is the background."""
    image = indexed(np.array([2, 0, 1], np.uint8)[two_objects], RED, BLUE, BLACK)
    found = read_mask_image(save(image))
    assert found.reading == "colours"
    np.testing.assert_array_equal(found.labels, two_objects)
    assert found.told() == "read by its colours: 2 objects (1 = #ff0000, 2 = #0000ff)"


def test_a_palette_with_the_background_first_keeps_its_ids(save, two_objects):
    ids = np.array([0, 3, 9], np.uint8)[two_objects]
    palettes = [
        [BLACK] + [(7 * i % 256, 90, 3 * i % 256) for i in range(1, 256)],
        [WHITE] + [(9 * i % 200, 90, 130) for i in range(1, 256)],
        [(i, i, i) for i in range(256)],
        [BLACK] * 256,
    ]
    for palette in palettes:
        np.testing.assert_array_equal(read_mask_image(save(indexed(ids, *palette))).labels, ids)


def test_a_gray_palette_is_read_as_gray(save, two_objects):
    on = (two_objects > 0).astype(np.uint8)
    ramp = [(i, i, i) for i in range(256)]
    found = read_mask_image(save(indexed(on * 255, *ramp)))
    assert found.reading == "black and white"
    np.testing.assert_array_equal(found.labels, on)


@pytest.mark.parametrize(
    "colours", [(BLACK, WHITE, WHITE), (BLACK, RED, GREEN), (WHITE, RED, BLUE)]
)
@pytest.mark.parametrize("count", [None, 4, 16, 64])
def test_soft_edges_make_no_objects(save, two_objects, colours, count):
    image = Image.fromarray(smooth(painted(two_objects, *colours)))
    with pytest.raises(InputError, match="anti-aliasing") as caught:
        read_mask_image(save(image if count is None else image.quantize(count)))
    assert caught.value.code == "mask_antialiased"


def test_soft_edges_in_gray(save, two_objects):
    for top in (255, 200, 60):
        gray = smooth((two_objects > 0).astype(np.uint8) * top)
        with pytest.raises(InputError, match="anti-aliasing"):
            read_mask_image(save(Image.fromarray(gray)))


@pytest.mark.parametrize("count", [70, 255])
def test_many_gray_ids(save, count):
    labels = np.zeros((160, 160), np.uint8)
    for i in range(count):
        labels[10 * (i // 16) : 10 * (i // 16) + 8, 10 * (i % 16) : 10 * (i % 16) + 8] = i + 1
    found = read_mask_image(save(Image.fromarray(labels)))
    np.testing.assert_array_equal(found.labels, labels)
    assert found.reading == "gray values"
    wide = labels.astype(np.uint16) * 257
    np.testing.assert_array_equal(read_mask_image(save(Image.fromarray(wide))).labels, labels)
    touching = np.repeat(np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16), 8, 0), 8, 1)
    np.testing.assert_array_equal(read_mask_image(save(Image.fromarray(touching))).labels, touching)


def test_one_colour_for_each_object(save, two_objects):
    for background in (BLACK, WHITE):
        found = read_mask_image(save(Image.fromarray(painted(two_objects, background, RED, GREEN))))
        assert found.reading == "colours"
        np.testing.assert_array_equal(found.labels, two_objects)
    white = read_mask_image(save(Image.fromarray(painted(two_objects, BLACK, WHITE, WHITE))))
    assert white.reading == "black and white"
    np.testing.assert_array_equal(white.labels, two_objects > 0)


def test_colours_of_davis_have_their_ids(save, two_objects):
    ids = np.array([0, 7, 2], np.uint8)[two_objects]
    found = read_mask_image(save(Image.fromarray(davis_palette()[ids])))
    np.testing.assert_array_equal(found.labels, ids)
    assert found.told() == "read by its colours: 2 objects (2, 7)"


def test_what_is_transparent_is_background(save, two_objects):
    alpha = np.where(two_objects > 0, 255, 0).astype(np.uint8)
    rgb = painted(two_objects, WHITE, RED, GREEN)
    found = read_mask_image(save(Image.fromarray(np.dstack([rgb, alpha]))))
    np.testing.assert_array_equal(found.labels, two_objects)
    dark = np.zeros_like(rgb)
    found = read_mask_image(save(Image.fromarray(np.dstack([dark, alpha]))))
    np.testing.assert_array_equal(found.labels, two_objects > 0)
    solid = np.full_like(alpha, 255)
    black = painted(two_objects, BLACK, RED, GREEN)
    found = read_mask_image(save(Image.fromarray(np.dstack([black, solid]))))
    np.testing.assert_array_equal(found.labels, two_objects)


def test_a_photo_is_no_mask(save):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    noise[0, 0] = 0
    with pytest.raises(InputError, match="colours: soft edges"):
        read_mask_image(save(Image.fromarray(noise)))


def test_a_colour_is_the_same_object_in_every_mask(save, two_objects):
    first = save(Image.fromarray(painted(two_objects, BLACK, GREEN, RED)), "a.png")
    second = save(Image.fromarray(painted(two_objects, BLACK, BLUE, GREEN)), "b.png")
    a, b = with_shared_colours([read_mask_image(first), read_mask_image(second)])
    assert a.labels[(two_objects == 1)].max() == 2
    assert b.labels[(two_objects == 2)].max() == 2
    assert a.colours == {1: 0xFF0000, 2: 0x00FF00}
    assert b.colours == {2: 0x00FF00, 3: 0x0000FF}


def test_our_own_masks_are_indices_whatever_touches(tmp_path):
    labels = np.random.default_rng(1).integers(0, 256, (40, 50)).astype(np.uint8)
    (tmp_path / "m.png").write_bytes(mask_png_bytes(labels))
    found = read_mask_image(tmp_path / "m.png")
    assert found.reading == "indices"
    np.testing.assert_array_equal(found.labels, labels)
