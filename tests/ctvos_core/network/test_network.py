from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from ctvos_core.network.attention import MemoryGroup, TiledAttention, prepare
from ctvos_core.network.colour import rgb_to_lab
from ctvos_core.network.config import PRESETS, NetworkConfig
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.encoder import BACKBONES, Encoder
from ctvos_core.network.inference import inference_copy


def test_lab_is_that_of_opencv():
    rgb = np.random.default_rng(0).integers(0, 256, (31, 17, 3), np.uint8)
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    expected = np.stack([(lab[..., 0] - 50) / 50, lab[..., 1] / 127, lab[..., 2] / 127])
    image = torch.from_numpy(rgb).permute(2, 0, 1)
    assert np.allclose(rgb_to_lab(image).numpy(), expected, atol=5e-3)
    assert np.allclose(rgb_to_lab(image.float() / 255).numpy(), expected, atol=5e-3)


def test_lab_wants_three_channels():
    with pytest.raises(ValueError, match=r"\(\.\.\., 3, H, W\), got \(1, 4, 4\)"):
        rgb_to_lab(torch.zeros(1, 4, 4))


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("stride", [4, 8, 16])
def test_an_encoder_has_the_stride_and_channels_it_says(backbone, stride):
    encoder = Encoder(backbone, stride).eval()
    with torch.inference_mode():
        features = encoder(torch.zeros(1, 3, 48, 64))
    assert features.out.shape == (1, BACKBONES[backbone], 48 // stride, 64 // stride)
    assert features.skip4.shape[-2:] == (12, 16)
    assert encoder.channels == BACKBONES[backbone]


def test_cell_j_is_centred_on_pixel_stride_times_j():
    encoder = Encoder("resnet18", 8).eval().double()
    # Random pixels, so that max pooling prefers no side.
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 128, 128, generator=generator, dtype=torch.float64).requires_grad_()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.fill_(1e-2)
    encoder(image).out[0, :, 8, 8].sum().backward()
    weight = image.grad.abs().sum((0, 1))
    ys = torch.arange(128, dtype=torch.float64)
    centre = (weight.sum(1) * ys).sum() / weight.sum()
    assert centre.item() == pytest.approx(64, abs=1)


def test_encoders_refuse_what_they_do_not_have():
    with pytest.raises(ValueError, match="resnet18"):
        Encoder("resnet34")
    with pytest.raises(ValueError, match="4, 8 or 16, got 32"):
        Encoder("resnet18", 32)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_clip_goes_through_the_network(preset, backbone):
    config = replace(PRESETS[preset], backbone=backbone)
    model = CTVOS(config).eval()
    clip = torch.rand(3, 3, 32, 48) * 2 - 1
    with torch.inference_mode():
        query = model.encode_query(clip[:1])
        keys = prepare(model.encode_key(clip[1:]), config.attention)
        values = model.encode_value(clip[1:])
        memory = [MemoryGroup(keys[None], values[None], None)]
        attended = TiledAttention()(prepare(query.out, config.attention), memory)
        image, tags = model.decode(attended, query, (32, 48))
    assert image.shape == (1, 3, 32, 48)
    assert image.abs().max() <= 1
    assert tags.shape == (1, 1, 32, 48)
    assert tags.min() >= 0
    assert tags.max() <= 1


def test_presets_differ_as_documented():
    paper, default = CTVOS(PRESETS["paper"]), CTVOS(PRESETS["default"])
    assert sum(isinstance(m, Encoder) for m in paper.modules()) == 3
    assert sum(isinstance(m, Encoder) for m in default.modules()) == 1
    bare = CTVOS(NetworkConfig(decoder=False))
    assert sum(isinstance(m, Encoder) for m in bare.modules()) == 1


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_inference_copy_computes_the_same(backbone):
    model = CTVOS(NetworkConfig(backbone=backbone, stride=16))
    images = torch.rand(2, 3, 32, 48) * 2 - 1
    for _ in range(3):
        model.encode_query(images)  # moves the running statistics away from 0 and 1
    ready = inference_copy(model, torch.device("cpu"), torch.float32)
    assert model.training
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in ready.modules())
    model.eval()
    with torch.inference_mode():
        expected, found = model.encode_query(images), ready.encode_query(images)
        assert torch.allclose(found.out, expected.out, atol=1e-4, rtol=1e-3)
        values = torch.rand(2, 64, 2, 3)
        assert torch.allclose(model.encode_value(images), ready.encode_value(images), atol=1e-4)
        for a, b in zip(
            model.decode(values, expected, (32, 48)),
            ready.decode(values, expected, (32, 48)),
            strict=True,
        ):
            assert torch.allclose(a, b, atol=1e-4)
