from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from made_squares import iou, moving_square

from ctvos_core.errors import InputError
from ctvos_core.propagation import PropagationConfig, Propagator
from ctvos_core.propagation.labels import telling_cells
from ctvos_core.weights import load_model

CONFIG = PropagationConfig()


def run(propagator, frames, first_mask):
    results = [propagator.step(frames[0], first_mask)]
    return results + [propagator.step(frame) for frame in frames[1:]]


def test_a_square_is_followed(model, clip):
    frames, labels = clip
    results = run(Propagator(model, device="cpu"), frames, labels[0])
    assert all(r.labels.dtype == np.uint8 and r.labels.shape == (64, 96) for r in results)
    assert np.array_equal(results[0].labels, labels[0])
    # Where it was at first it no longer is at all.
    assert (
        iou(results[-1].labels == 1, labels[-1] == 1) > 0.4 > iou(labels[0] == 1, labels[-1] == 1)
    )
    assert all(0 <= c <= 1 for r in results for c in r.confidence.values())


def test_the_same_input_gives_the_same_bits(model, clip):
    frames, labels = clip
    first, second = (run(Propagator(model, device="cpu"), frames, labels[0]) for _ in "ab")
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.labels, b.labels)
        assert np.array_equal(a.scores, b.scores)


def test_gradients_are_off_and_results_are_plain_arrays(model, clip):
    frames, labels = clip
    assert torch.is_grad_enabled()
    result = run(Propagator(model, device="cpu"), frames[:2], labels[0])[-1]
    assert isinstance(result.labels, np.ndarray)
    assert isinstance(result.scores, np.ndarray)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("parts", [1, 4])
def test_ids_are_those_given_and_scores_sum_to_one(model, clip, parts):
    frames, _ = clip
    mask = np.zeros((64, 96), np.uint8)
    mask[16:48, 8:20], mask[16:48, 20:32] = 200, 7
    config = replace(CONFIG, label_parts=parts)
    results = run(Propagator(model, config, device="cpu"), frames[:3], mask)
    assert set(np.unique(results[-1].labels)) <= {0, 7, 200}
    assert set(results[-1].confidence) == {7, 200}
    assert results[-1].scores.shape == (3, 16 * parts, 24 * parts)  # enlarged twice, 8 to a cell
    assert np.allclose(results[-1].scores.astype(np.float32).sum(0), 1, atol=1e-2)


def test_a_new_object_joins_without_disturbing_the_first(model, clip):
    frames, labels = clip
    propagator = Propagator(model, device="cpu")
    run(propagator, frames[:3], labels[0])
    newcomer = np.zeros_like(labels[0])
    newcomer[0:12, 72:92] = 9
    joined = propagator.step(frames[3], newcomer)
    assert (joined.labels[newcomer > 0] == 9).all()
    assert iou(joined.labels == 1, labels[3] == 1) > 0.6
    assert set(propagator.step(frames[4]).confidence) == {1, 9}


def test_a_mask_replaces_what_was_propagated_for_its_objects(model, clip):
    frames, labels = clip
    propagator = Propagator(model, device="cpu")
    run(propagator, frames[:3], labels[0])
    corrected = np.zeros_like(labels[0])
    corrected[20:40, 40:60] = 1
    assert np.array_equal(propagator.step(frames[3], corrected).labels, corrected)


def test_a_correction_takes_the_place_of_what_went_wrong(model, clip):
    frames, labels = clip
    upper = labels[0].copy()
    upper[32:] = 0
    wrong = Propagator(model, device="cpu")
    run(wrong, frames[:4], upper)
    wrong.step(frames[4], labels[4])
    assert iou(wrong.step(frames[5]).labels == 1, labels[5] == 1) > 0.6
    # A new object is no correction: what is known of the others stays.
    told, untold = Propagator(model, device="cpu"), Propagator(model, device="cpu")
    run(told, frames[:4], labels[0])
    run(untold, frames[:4], labels[0])
    another = np.zeros_like(labels[0])
    another[0:8, 0:8] = 2
    told.step(frames[4], another)
    untold.step(frames[4])
    assert iou(told.step(frames[5]).labels == 1, untold.step(frames[5]).labels == 1) > 0.8


def test_an_object_that_left_gives_an_empty_mask_and_can_come_back(model, clip):
    frames, labels = clip
    ground = frames[0].copy()
    ground[16:48, 8:32] = frames[-1][16:48, 8:32]
    propagator = Propagator(model, CONFIG, device="cpu")
    run(propagator, frames[:2], labels[0])
    gone = propagator.step(ground, np.zeros_like(labels[0]), objects=[1])
    assert not gone.labels.any()
    assert gone.confidence[1] == pytest.approx(1)
    assert not propagator.step(ground).labels.any()
    assert iou(propagator.step(frames[2]).labels == 1, labels[2] == 1) > 0.4


def test_a_look_alike_that_comes_in_is_not_taken_for_the_object(model):
    frames, labels = moving_square(T=6, height=128)
    for frame in frames[2:]:
        frame[88:120, 8:32] = (230, 30, 30)
    for radius, is_taken in ((None, True), (3, False)):
        config = replace(CONFIG, jump_radius=radius)
        found = run(Propagator(model, config, device="cpu"), frames, labels[0])
        assert [bool(s.labels[80:].any()) for s in found] == [False] * 2 + [is_taken] * 4
        for segmentation, truth in zip(found, labels, strict=True):
            assert iou(segmentation.labels[:80] > 0, truth[:80] > 0) > 0.5


def test_the_first_given_frame_is_never_forgotten(model, clip):
    frames, labels = clip
    config = replace(CONFIG, recent_frames=2, given_frames=2)
    propagator = Propagator(model, config, device="cpu")
    for frame, label in zip(frames, labels, strict=True):
        propagator.step(frame, label)
    given = propagator._memory._given
    fresh = Propagator(model, config, device="cpu")
    fresh.step(frames[0], labels[0])
    assert len(given) == 2
    assert torch.equal(given[0][0], fresh._memory._given[0][0])
    assert len(propagator._memory.groups(1)) == 2  # the last one counts as recent, too


def test_memory_is_bounded(model):
    frames, labels = moving_square(T=14, step=2)
    config = replace(CONFIG, recent_frames=3)
    propagator = Propagator(model, config, device="cpu")
    run(propagator, frames, labels[0])
    [given, recent] = propagator._memory.groups(1)
    assert given.keys.shape[1] == 1
    assert recent.keys.shape[1] == 3


@pytest.mark.parametrize("size", [(37, 51), (64, 96), (130, 90)])
def test_any_size_goes_in_and_comes_out(model, size):
    coarse = np.random.default_rng(0).integers(0, 256, (17, 17, 3), np.uint8)
    frame = coarse.repeat(8, 0).repeat(8, 1)[: size[0], : size[1]]
    mask = np.zeros(size, np.uint8)
    mask[5:25, 5:25] = 3
    propagator = Propagator(model, replace(CONFIG, short_side=64), device="cpu")
    propagator.step(frame, mask)
    labels = propagator.step(frame).labels
    assert labels.shape == size
    assert iou(labels == 3, mask == 3) > 0.6


@pytest.mark.parametrize("readout", ["decoder", "blend"])
def test_readouts_with_a_decoder_run(decoder_model, clip, readout):
    frames, labels = clip
    two = labels[0].copy()
    two[:10, 70:90] = 2
    propagator = Propagator(decoder_model, replace(CONFIG, readout=readout), device="cpu")
    results = run(propagator, frames[:3], two)
    assert results[-1].labels.shape == (64, 96)
    assert np.allclose(results[-1].scores.astype(np.float32).sum(0), 1, atol=1e-2)


def test_a_model_without_decoder_says_so(model):
    with pytest.raises(InputError, match="without a decoder"):
        Propagator(model, replace(CONFIG, readout="decoder"), device="cpu")


def test_bad_input_is_named(model, clip):
    frames, labels = clip
    propagator = Propagator(model, device="cpu")
    with pytest.raises(InputError, match="expected with the first frame"):
        propagator.step(frames[0])
    with pytest.raises(InputError, match=r"expected 96x64 as the frame, got 64x96"):
        propagator.step(frames[0], labels[0].T.copy())
    with pytest.raises(InputError, match=r"uint8 array \(H, W\)"):
        propagator.step(frames[0], labels[0].astype(np.int32))
    with pytest.raises(InputError, match=r"\(H, W, 3\), got uint8 \(64, 96\)"):
        propagator.step(frames[0][..., 0], labels[0])
    with pytest.raises(InputError, match="at least one object"):
        propagator.step(frames[0], np.zeros_like(labels[0]))
    with pytest.raises(InputError, match="expected only ids"):
        propagator.step(frames[0], labels[0], objects=[2])


def test_devices_are_checked(model):
    with pytest.raises(InputError, match="auto, cpu, cuda"):
        Propagator(model, device="tpu")
    with pytest.raises(InputError, match="cuda:99 asked for"):
        Propagator(model, device="cuda:99")


def test_cells_that_tell_something_are_kept():
    cells = torch.zeros(2, 12, 12)
    cells[1, 5, 5] = 0.3
    cells[0] = 1 - cells[1]
    keep = telling_cells(cells)
    assert keep[3:8, 3:8].all()
    far = keep.clone()
    far[3:8, 3:8] = False
    assert far.sum() == 36 - 4  # one in four, but for those around the object
    assert far[0, 0]
    assert not far[0, 1]


def test_compressed_keys_find_what_all_channels_find(model, clip):
    frames, labels = clip
    found = [
        run(Propagator(model, replace(CONFIG, key_dims=dims), device="cpu"), frames[:4], labels[0])
        for dims in (None, 64)
    ]
    assert iou(found[0][-1].labels == 1, found[1][-1].labels == 1) > 0.9


def test_a_look_alike_beside_a_given_object_is_not_taken_for_it():
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (96, 192, 3), np.uint8), (0, 0), 2)
    pattern = cv2.GaussianBlur(rng.integers(0, 256, (32, 32, 3), np.uint8), (0, 0), 2)
    given = np.zeros((96, 192), np.uint8)
    given[32:64, 24:56] = 1
    for left in (24, 104):
        frame[32:64, left : left + 32] = pattern
    propagator = Propagator(load_model(), device="cpu")
    propagator.step(frame, given)
    found = propagator.step(frame).labels
    assert (found[32:64, 104:136] == 1).mean() < 0.1
    assert (found[32:64, 24:56] == 1).mean() > 0.9
