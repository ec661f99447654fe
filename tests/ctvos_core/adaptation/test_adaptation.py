import numpy as np
import pytest
import torch
from training_footage import HEIGHT, WIDTH, draw_pan, write_video

from ctvos_core.adaptation.adapt import ADAPTING, AdaptationConfig, adapt
from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS, NetworkConfig
from ctvos_core.video import open_frames

SMALL = AdaptationConfig(steps=2, batch=2, max_frames=4)
NETWORK = NetworkConfig(key_channels=8, decoder=False)


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "pan.mp4"
    write_video(path, draw_pan(1, 9))
    return open_frames(path)


def parameters(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_the_network_is_trained_on_the_video_and_the_given_one_is_left_alone(frames):
    torch.manual_seed(0)
    network = CTVOS(NETWORK)
    before, steps = parameters(network), []
    adapted = adapt(network, frames, SMALL, "cpu", lambda *step: steps.append(step))
    # Every third of the nine frames, and the steps.
    assert steps == [(ADAPTING, done, 5) for done in range(1, 6)]
    assert torch.equal(parameters(network), before)
    assert not torch.equal(parameters(adapted), before)
    assert torch.equal(parameters(adapted), parameters(adapt(network, frames, SMALL, "cpu")))


def test_it_ends_when_the_caller_says_so(frames):
    def stop(phase, done, steps):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adapt(CTVOS(NETWORK), frames, SMALL, "cpu", stop)


def test_a_network_with_two_encoders_is_refused(frames):
    network = CTVOS(NetworkConfig(key_channels=8, decoder=False, shared_encoder=False))
    with pytest.raises(InputError, match="expected a model with one encoder"):
        adapt(network, frames, SMALL, "cpu")


def test_a_video_in_which_nothing_moves_is_refused(tmp_path):
    write_video(tmp_path / "still.mp4", [np.full((HEIGHT, WIDTH, 3), 90, np.uint8)] * 3)
    with pytest.raises(InputError, match=r"still.mp4: expected a video to adapt to, .* nothing"):
        adapt(CTVOS(NETWORK), open_frames(tmp_path / "still.mp4"), SMALL, "cpu")
