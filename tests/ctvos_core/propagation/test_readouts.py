from dataclasses import replace

import pytest
import torch

from ctvos_core.network.config import PRESETS
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.encoder import Features
from ctvos_core.propagation.labels import one_hot, pixels_to_cells
from ctvos_core.propagation.readouts import (
    BlendReadout,
    CopyReadout,
    DecoderReadout,
    aggregate,
    make_readout,
)

STRIDE, CELLS = 8, (6, 9)
SIZE = (CELLS[0] * STRIDE, CELLS[1] * STRIDE)


class Echo(CTVOS):
    """Carries masks through values and back at stride 2, as a perfect decoder would."""

    def encode_value(self, images):
        return torch.nn.functional.pixel_unshuffle(images[:, :1, ::2, ::2], STRIDE // 2)

    def decode(self, values, query, size):
        images = torch.nn.functional.pixel_shuffle(values, STRIDE // 2)
        assert images.shape[-2:] == size
        return images.expand(-1, 3, -1, -1), images


@pytest.fixture
def query():
    return Features(torch.zeros(1, 64, 12, 18), torch.zeros(1, 128, 6, 9), torch.zeros(1, 64, 6, 9))


def soft_masks(parts):
    """Two objects."""
    slots = torch.zeros(SIZE, dtype=torch.int64)
    slots[9:30, 13:40] = 1
    slots[20:44, 50:70] = 2
    return pixels_to_cells(one_hot(slots, 2), CELLS, STRIDE, parts)


def centre(mask):
    ys, xs = (torch.arange(side) for side in mask.shape)
    return [
        (mask.sum(1) @ ys.float() / mask.sum()).item(),
        (mask.sum(0) @ xs.float() / mask.sum()).item(),
    ]


@pytest.mark.parametrize("parts", [1, 2, 4, 8])
def test_copied_labels_come_back_as_they_were(query, parts):
    readout, soft = CopyReadout(parts), soft_masks(parts)
    values = readout.values(soft)
    assert values.shape == (2, parts**2, *CELLS)
    assert torch.allclose(readout.read(values, query), soft, atol=1e-6)


def test_decoded_masks_lie_where_the_masks_lay(query):
    readout, soft = DecoderReadout(Echo(PRESETS["default"])), soft_masks(4)
    found = readout.read(readout.values(soft), query)
    assert found.shape == soft.shape
    assert torch.allclose(found.sum(0), torch.ones(24, 36), atol=1e-5)
    # All but where an outline runs through a part, and where the last half of a cell is repeated.
    assert ((found - soft).abs() < 0.01).float().mean() > 0.9
    for mask, expected in zip(found[1:], soft[1:], strict=True):
        assert centre(mask) == pytest.approx(centre(expected), abs=0.3)


@pytest.mark.parametrize("parts", [1, 2, 8])
def test_blended_masks_are_the_mean_of_both(query, parts):
    torch.manual_seed(0)
    model = CTVOS(PRESETS["default"]).eval()
    blend, decoder, soft = BlendReadout(model, parts), DecoderReadout(model), soft_masks(4)
    with torch.inference_mode():
        values = blend.values(soft)
        found = blend.read(values, query)
        decoded = decoder.read(decoder.values(soft), query)
    copied = 2 * found - decoded
    assert torch.allclose(copied.sum(0), torch.ones(24, 36), atol=1e-4)
    assert copied.min() > -1e-4
    nearest = CopyReadout(blend.copy.parts).read(values[:, : blend.copy.parts**2], query)
    grown = nearest.repeat_interleave(4 // blend.copy.parts, 1)
    grown = grown.repeat_interleave(4 // blend.copy.parts, 2)
    assert (copied.argmax(0) == grown.argmax(0)).float().mean() > 0.9


def test_the_default_readout_is_the_best_that_the_model_can_do():
    with_decoder = CTVOS(PRESETS["default"])
    assert isinstance(make_readout(None, with_decoder, 1), BlendReadout)
    without = CTVOS(replace(PRESETS["default"], decoder=False))
    assert isinstance(make_readout(None, without, 1), CopyReadout)


def test_soft_aggregation_gives_the_background_what_no_object_claims():
    masks = torch.tensor([[[0.9, 0.0, 0.5]], [[0.1, 0.0, 0.5]]])
    found = aggregate(masks)
    assert torch.allclose(found.sum(0), torch.ones(1, 3))
    assert found.argmax(0)[0, :2].tolist() == [1, 0]
    assert found[1, 0, 2] == pytest.approx(found[2, 0, 2].item())
    odds = torch.tensor([0.9 * 0.1, 0.9, 0.1])
    expected = (odds / (1 - odds))[1] / (odds / (1 - odds)).sum()
    assert found[1, 0, 0] == pytest.approx(expected.item(), rel=1e-4)
