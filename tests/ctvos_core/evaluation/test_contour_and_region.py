"""J, F and their statistics, as `ctvos_core.evaluation.metrics` computes them."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ctvos_core.evaluation import contour_accuracy, region_similarity, statistics
from ctvos_core.evaluation.metrics import contour_tolerance

HEIGHT, WIDTH = 480, 854


def rectangle(shift: int = 0) -> NDArray[np.uint8]:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100:340, 200 + shift : 500 + shift] = 1
    return mask


EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)


@pytest.mark.parametrize(
    ("prediction", "truth", "j", "f"),
    [
        pytest.param(rectangle(), rectangle(), 1, 1, id="perfect"),
        pytest.param(EMPTY, EMPTY, 1, 1, id="both empty"),
        pytest.param(EMPTY, rectangle(), 0, 0, id="nothing found"),
        pytest.param(rectangle(), EMPTY, 0, 0, id="found what is not there"),
        pytest.param(rectangle(8), rectangle(), 0.9481, 1.0, id="8 pixels off: within tolerance"),
        pytest.param(rectangle(9), rectangle(), 0.9417, 0.5704, id="9 pixels off: beyond it"),
        pytest.param(rectangle(340), rectangle(), 0, 0, id="far off"),
    ],
)
def test_values_of_the_official_evaluation(
    prediction: NDArray[np.uint8], truth: NDArray[np.uint8], j: float, f: float
) -> None:
    assert region_similarity(prediction, truth) == pytest.approx(j, abs=5e-5)
    assert contour_accuracy(prediction, truth) == pytest.approx(f, abs=5e-5)


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [((480, 854), 8), ((480, 910), 9), ((720, 1280), 12), ((1080, 1920), 18), ((300, 400), 4)],
)
def test_tolerance_is_a_fraction_of_the_diagonal_rounded_up(
    shape: tuple[int, int], pixels: int
) -> None:
    assert contour_tolerance(shape, 0.008) == pixels


def test_a_mask_that_fills_the_image_has_no_contour() -> None:
    full = np.ones((HEIGHT, WIDTH), bool)
    assert contour_accuracy(full, EMPTY) == 1
    assert contour_accuracy(full, rectangle()) == 0
    assert region_similarity(full, EMPTY) == 0


def test_any_nonzero_value_is_the_object() -> None:
    assert region_similarity(rectangle() * 7, rectangle() == 1) == 1
    assert contour_accuracy(rectangle() * 255, rectangle().astype(np.int64)) == 1


@settings(max_examples=150, deadline=None)
@given(data=st.data(), tolerance_fraction=st.sampled_from([0.0, 0.008, 0.1, 0.3]))
def test_equals_the_definition_pixel_by_pixel(
    reference: SimpleNamespace, data: st.DataObject, tolerance_fraction: float
) -> None:
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    masks = arrays(bool, shape, fill=st.just(False))
    prediction, truth = data.draw(masks), data.draw(masks)
    assert region_similarity(prediction, truth) == reference.j(prediction, truth)
    assert contour_accuracy(prediction, truth, tolerance_fraction) == pytest.approx(
        reference.f_from_distances(prediction, truth, tolerance_fraction), abs=1e-12
    )


@pytest.mark.parametrize("seed", range(60))
def test_looking_only_around_the_objects_changes_nothing(
    reference: SimpleNamespace, seed: int
) -> None:
    """Against the whole image, scikit-image's disk and dilation; objects often touch its border."""
    random = np.random.default_rng(seed)
    height, width = random.integers(20, 130, 2)
    prediction, truth = np.zeros((2, height, width), bool)
    for mask in (prediction, truth):
        for _ in range(random.integers(0, 4)):
            y, x = random.integers(0, height), random.integers(0, width)
            mask[y : y + random.integers(1, 60), x : x + random.integers(1, 60)] ^= True
    fraction = random.choice([0.008, 0.03, 0.08])
    assert contour_accuracy(prediction, truth, fraction) == pytest.approx(
        reference.f_by_dilation(prediction, truth, fraction), abs=1e-12
    )


@pytest.mark.parametrize("measure", [region_similarity, contour_accuracy])
def test_shapes_must_agree(measure: type) -> None:
    with pytest.raises(ValueError, match=r"truth's shape \(4, 5\), got \(5, 4\)"):
        measure(np.zeros((5, 4)), np.zeros((4, 5)))
    with pytest.raises(ValueError, match=r"shape \(H, W\), got \(1, 4, 5\)"):
        measure(np.zeros((1, 4, 5)), np.zeros((1, 4, 5)))


def test_statistics_by_hand() -> None:
    # Nine values: bins end at frames 1, 3, 5, 7, 9 and neighbours share a frame.
    values = [0.9, 0.8, 0.7, 0.5, 0.6, 0.5, 0.4, 0.2, 0.0]
    mean, recall, decay = statistics(values)
    assert mean == pytest.approx(4.6 / 9)
    assert recall == pytest.approx(4 / 9), "0.5 itself is not recalled"
    assert decay == pytest.approx((0.9 + 0.8 + 0.7) / 3 - (0.4 + 0.2 + 0.0) / 3)


def test_decay_rounds_half_frames_up() -> None:
    # Seven values: linspace gives 1, 2.5, 4, 5.5, 7, so the bins end at frames 1, 3, ..., 6, 7.
    values = [0.6, 0.3, 0.9, 0.1, 0.1, 0.2, 0.4]
    assert statistics(values).decay == pytest.approx((0.6 + 0.3 + 0.9) / 3 - (0.2 + 0.4) / 2)


def test_a_single_frame_has_no_decay() -> None:
    assert statistics([0.7]) == (pytest.approx(0.7), 1.0, 0.0)


@pytest.mark.parametrize("frames", [2, 3, 4, 5, 40, 255, 256, 300, 2000])
def test_decay_of_a_linear_fall_whatever_the_length(frames: int) -> None:
    """Also beyond 255 frames, where the official 8-bit bin ends wrap around."""
    values = np.linspace(1, 0, frames)
    ends = [int(end + 0.5) for end in np.linspace(1, frames, 5)]
    expected = values[: ends[1]].mean() - values[ends[3] - 1 :].mean()
    assert statistics(values).decay == pytest.approx(expected)
    assert statistics(values[::-1]).decay == pytest.approx(-expected, abs=2 / frames)


@pytest.mark.parametrize("values", [[], [[0.5, 0.5]]])
def test_statistics_need_one_value_per_frame(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"shape \(T,\) with T >= 1"):
        statistics(values)
