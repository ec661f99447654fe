from dataclasses import replace

import pytest
import torch

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS, PRESETS, NetworkConfig
from ctvos_core.weights import DEFAULT_MODEL, ModelCard, load_model, packaged_models, read_card
from ctvos_core.weights.folders import save_model

CONFIG = NetworkConfig(decoder=False, key_channels=16)


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    network = CTVOS(CONFIG)
    card = ModelCard("tiny", "For a test.", CONFIG, 0, "", scores={"davis-dev J&F": 12.5})
    return tmp_path / "tiny", network, save_model(tmp_path / "tiny", network, card)


def test_a_model_comes_back_as_it_was_saved(saved):
    folder, network, card = saved
    loaded = load_model(folder)
    assert loaded.config == CONFIG
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name].float(), tensor.float(), atol=1e-3)
    assert read_card(folder) == card
    assert card.parameters == sum(p.numel() for p in network.parameters())


def test_separate_encoders_and_decoder_are_saved_too(tmp_path):
    config = replace(PRESETS["paper"], stride=16)
    save_model(tmp_path, CTVOS(config), ModelCard("paper", "", config, 0, ""))
    loaded = load_model(tmp_path)
    assert loaded.config == config
    assert loaded.key_encoder is not loaded.query_encoder


def test_damage_is_found_by_the_digest(saved):
    folder, *_ = saved
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(InputError, match="expected SHA-256"):
        load_model(folder)


def test_missing_and_foreign_files_are_named(saved, tmp_path):
    folder, *_ = saved
    with pytest.raises(InputError, match="nowhere: expected a model folder or a packaged model"):
        load_model("nowhere")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="expected weights, found none"):
        load_model(folder)
    (folder / "card.json").write_text('{"name": "x"}')
    with pytest.raises(InputError, match="not a model card"):
        load_model(folder)
    with pytest.raises(InputError, match="expected a model card, found none"):
        load_model(tmp_path)


def test_the_packaged_default_loads_and_is_small():
    assert DEFAULT_MODEL in packaged_models()
    card = read_card()
    assert load_model().config == card.network
    assert card.licence
    assert card.training["steps"] > 0
    assert card.parameters * 2 < 25e6
