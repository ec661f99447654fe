import numpy as np
import pytest
import torch
from made_squares import iou, moving_square

from ctvos_core.propagation import Propagator

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]


def test_the_gpu_finds_what_the_cpu_finds(model):
    frames, labels = moving_square()
    found = []
    for device in ("cpu", "cuda"):
        propagator = Propagator(model, device=device)
        propagator.step(frames[0], labels[0])
        found.append([propagator.step(frame).labels for frame in frames[1:]])
    for cpu, gpu in zip(*found, strict=True):
        assert isinstance(gpu, np.ndarray)
        assert iou(cpu == 1, gpu == 1) > 0.8
