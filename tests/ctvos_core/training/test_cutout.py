import math

import numpy as np
import pytest
import torch

from ctvos_core.training.views.cutout import NO_CUTOUT, SHAPES, cutout_masks, draw_cutout

SIDE = 40
HERE = torch.eye(2, 3)[None, None]


def mask(cutout, to_current=HERE):
    vertices = torch.from_numpy(cutout.vertices)[None]
    radius = torch.from_numpy(cutout.radius)[None]
    return cutout_masks(vertices, radius, SIDE, to_current)[0]


def reference_mask(cutout):
    """Pixel by pixel: a distance, or the number of edges to the right of the pixel's centre."""
    found = np.zeros((SIDE, SIDE), bool)
    corners = [tuple(map(float, corner)) for corner in cutout.vertices]
    for y in range(SIDE):
        for x in range(SIDE):
            if len(corners) == 1:
                found[y, x] = math.dist((x, y), corners[0]) < float(cutout.radius)
                continue
            crossings = 0
            for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
                if (ay > y) != (by > y):
                    crossings += ax + (y - ay) / (by - ay) * (bx - ax) > x
            found[y, x] = crossings % 2
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("area", [0.02, 0.1, 0.5])
def test_pixels_of_a_cutout_are_those_inside_of_the_shape(shape, area):
    for seed in range(5):
        cutout = draw_cutout(np.random.default_rng(seed), shape, area, SIDE)
        assert np.array_equal(mask(cutout)[0].numpy(), reference_mask(cutout))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("area", [0.05, 0.3, 0.5])
def test_every_shape_has_the_size_asked_for_and_stays_in_the_image(shape, area):
    for seed in range(50):
        cutout = draw_cutout(np.random.default_rng(seed), shape, area, SIDE)
        low = cutout.vertices.min(0) - cutout.radius
        high = cutout.vertices.max(0) + cutout.radius
        assert (low >= -0.5 - 1e-4).all()
        assert (high <= SIDE - 0.5 + 1e-4).all()
        x, y = cutout.vertices.astype(float).T
        polygon = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
        exact = math.pi * float(cutout.radius) ** 2 if shape == "circle" else polygon
        assert exact == pytest.approx(area * SIDE**2, rel=1e-3)


def test_the_smallest_and_largest_places_are_at_the_border():
    class Corner:
        """Draws only the highest, or only the lowest numbers."""

        def __init__(self, value):
            self.value = value

        def random(self):
            return 0.9

        def uniform(self, low, high, size=None):
            value = low + self.value * (high - low)
            return value if size is None else np.full(size, value)

    first = draw_cutout(Corner(0), "square", 0.25, SIDE)
    last = draw_cutout(Corner(1), "square", 0.25, SIDE)
    assert mask(first)[0, : SIDE // 2, : SIDE // 2].all()
    assert mask(first).sum() == mask(last).sum() == SIDE**2 // 4
    assert mask(last)[0, SIDE // 2 :, SIDE // 2 :].all()


def test_triangles_are_scalene_and_rectangles_are_no_squares():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        corners = draw_cutout(rng, "triangle", 0.1, SIDE).vertices
        sides = sorted(np.linalg.norm(corners - np.roll(corners, 1, 0), axis=1))
        assert min(np.diff(sides)) > 1e-3
        corners = draw_cutout(rng, "rectangle", 0.1, SIDE).vertices
        a, b, *_ = np.linalg.norm(corners - np.roll(corners, 1, 0), axis=1)
        assert 1.19 < max(a, b) / min(a, b) < 2.01


def test_places_differ_and_cover_the_image():
    rng = np.random.default_rng(0)
    hits = sum(mask(draw_cutout(rng, "square", 0.1, SIDE))[0].float() for _ in range(200))
    assert (hits[4:-4, 4:-4] > 0).all()


def test_a_cutout_attached_to_the_scene_moves_with_it():
    cutout = draw_cutout(np.random.default_rng(3), "triangle", 0.1, SIDE)
    # A view whose pixel p shows what the current one shows at p + (3, -2).
    moved = torch.tensor([[1.0, 0, 3], [0, 1, -2]])[None, None]
    still, other = mask(cutout)[0], mask(cutout, moved)[0]
    assert torch.equal(other[2:, :-3], still[:-2, 3:])


@pytest.mark.parametrize("area", [0, -0.1, 0.51])
def test_more_than_half_of_the_image_is_refused(area):
    with pytest.raises(ValueError, match="expected a share in"):
        draw_cutout(np.random.default_rng(0), "square", area, SIDE)


def test_no_cutout_cuts_nothing():
    assert not mask(NO_CUTOUT).any()
