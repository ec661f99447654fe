"""A video, a result folder with exact masks, and every export of it."""

from pathlib import Path

import numpy as np
import pytest
from exported_clip import FRAMES, HEIGHT, NAMES, RATE, WIDTH, confidence, picture, truth

from ctvos_core.exports import FORMATS, export_results
from ctvos_core.results import write_mask
from ctvos_core.results.folder import ResultFolder
from ctvos_core.video import VideoWriter, open_frames
from ctvos_core.video.times import Timeline


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "clip.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, timeline=Timeline.steady(RATE, FRAMES)) as film:
        for index in range(FRAMES):
            film.write(picture(index), float(index / RATE))
    return path


@pytest.fixture(scope="session")
def results(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder with exact masks."""
    path = tmp_path_factory.mktemp("results") / "masks"
    folder = ResultFolder(path, open_frames(video).info)
    for index in range(FRAMES):
        write_mask(folder.mask_path(index), truth(index))
    values = [[confidence(index, i) for i in NAMES] for index in range(FRAMES)]
    folder.write_confidence(list(NAMES), np.array(values, np.float32))
    return path


@pytest.fixture(scope="session")
def exported(video: Path, results: Path) -> Path:
    """Every format, made in one go from a result folder."""
    export_results(results, video, list(FORMATS), names=NAMES)
    return results / "exports"
