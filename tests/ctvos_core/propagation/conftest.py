import pytest
import torch
from made_squares import moving_square

from ctvos_core.network.config import AttentionConfig, NetworkConfig
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.video import VideoWriter, open_frames


@pytest.fixture(scope="session")
def model():
    """A randomly initialised network without a decoder: enough to follow a coloured square.

    Its features are all alike, so only a very low temperature tells them apart.
    """
    torch.manual_seed(0)
    return CTVOS(NetworkConfig(decoder=False, attention=AttentionConfig(temperature=1e-4)))


@pytest.fixture(scope="session")
def decoder_model():
    """A randomly initialised network with everything."""
    torch.manual_seed(0)
    return CTVOS(NetworkConfig())


@pytest.fixture(scope="session")
def clip():
    return moving_square()


@pytest.fixture
def write_clip(tmp_path):
    """Writes frames as a video file and opens it."""

    def write(frames, name="clip.mp4"):
        height, width = frames[0].shape[:2]
        with VideoWriter(tmp_path / name, width, height, quality=4) as writer:
            for t, frame in enumerate(frames):
                writer.write(frame, t / 25)
        return open_frames(tmp_path / name)

    return write
