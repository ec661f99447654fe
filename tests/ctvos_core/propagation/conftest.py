import numpy as np
import pytest
import torch

from ctvos_core.network.attention import AttentionConfig
from ctvos_core.network.ctvos import CTVOS, NetworkConfig
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


def moving_square(T=8, height=64, width=96, step=4, start=8):
    """T frames of a red square that moves right over a textured ground, and its label maps."""
    ground = np.random.default_rng(0).integers(60, 120, (height // 8, width // 8, 3), np.uint8)
    ground = ground.repeat(8, 0).repeat(8, 1)
    frames, labels = [], []
    for t in range(T):
        frame, label = ground.copy(), np.zeros((height, width), np.uint8)
        x = start + step * t
        frame[16:48, x : x + 24] = (230, 30, 30)
        label[16:48, x : x + 24] = 1
        frames.append(frame)
        labels.append(label)
    return frames, labels


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


def iou(a, b):
    return (a & b).sum() / max((a | b).sum(), 1)
