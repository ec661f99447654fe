"""A small clip, its mask, an untrained model, and a way to run the command."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from ctvos_cli.main import app
from ctvos_core.network.ctvos import CTVOS, NetworkConfig
from ctvos_core.results import write_mask
from ctvos_core.video import VideoWriter
from ctvos_core.weights import ModelCard, save_model

WIDTH, HEIGHT, FRAMES = 128, 96, 12

Run = Callable[..., Result]


def picture(index: int) -> np.ndarray:
    """A striped square that moves right over a gradient."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([rows, columns, rows + columns], -1).astype(np.uint8)
    left = 16 + 4 * index
    image[32:64, left : left + 32] = (230, 60, 40)
    image[32:64:8, left : left + 32] = (40, 220, 90)
    return image


def truth(index: int) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[32:64, 16 + 4 * index : 48 + 4 * index] = 1
    return labels


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames enough to be seen at work on."""
    return write_clip(tmp_path_factory.mktemp("clip") / "long.mp4", 2 * FRAMES)


def write_clip(path: Path, frames: int) -> Path:
    with VideoWriter(path, WIDTH, HEIGHT) as video:
        for index in range(frames):
            video.write(picture(index % FRAMES), index / 25)
    return path


@pytest.fixture(scope="session")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The object in frame 0."""
    path = tmp_path_factory.mktemp("mask") / "mask.png"
    write_mask(path, truth(0))
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights, always the same."""
    folder = tmp_path_factory.mktemp("models") / "untrained"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CTVOS(NetworkConfig(decoder=False))
    save_model(folder, network, ModelCard("untrained", "random", network.config, 0, ""))
    return folder


@pytest.fixture(scope="session")
def ctvos() -> Run:
    """Run the command line with these arguments, in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="session")
def segment(ctvos: Run, clip: Path, mask: Path, model: Path) -> Run:
    """`ctvos segment` with the clip and the untrained model; `masks` replaces the mask options."""

    def run(*options: object, video: Path = clip, masks: tuple[object, ...] = ()) -> Result:
        given = masks or ("--mask", mask)
        return ctvos("segment", video, *given, "--model", model, "--device", "cpu", *options)

    return run
