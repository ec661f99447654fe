"""From files to files, told of every step, and stopped from outside."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctvos_core.propagation.to_folder import segment_to_folder
from ctvos_core.results import write_mask
from ctvos_core.results.folder import ResultFolder
from ctvos_core.results.inputs import SegmentationInputs, read_inputs

FRAMES = 5


@pytest.fixture
def inputs(tmp_path: Path) -> SegmentationInputs:
    """Five frames with masks of the second (id 1) and the fourth (ids 1 and 4)."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in range(FRAMES):
        Image.new("RGB", (48, 32), (40 * index, 90, 60)).save(frames / f"{index}.png")
    labels = np.zeros((32, 48), np.uint8)
    labels[8:24, 8:24] = 1
    write_mask(tmp_path / "one.png", labels)
    labels[8:24, 30:44] = 4
    write_mask(tmp_path / "two.png", labels)
    return read_inputs(frames, [tmp_path / "one.png", tmp_path / "two.png"], [1, 3])


@pytest.fixture
def folder(inputs: SegmentationInputs, tmp_path: Path) -> ResultFolder:
    return ResultFolder(tmp_path / "out", inputs.frames.info)


def test_ids_are_those_of_all_masks(inputs):
    assert inputs.object_ids == (1, 4)


def test_every_frame_is_written_and_every_step_told(model, inputs, folder):
    told: list[tuple[str, int, int]] = []
    run = segment_to_folder(
        model,
        inputs,
        folder,
        device="cpu",
        extras=["overlay", "coco"],
        progress=lambda *step: told.append(step),
    )
    assert run.frames == FRAMES
    for index in range(FRAMES):
        assert folder.read_mask(index).shape == (32, 48)
    # Backward from frame 3 to 0, forward from 1 to 4.
    assert told[:8] == [("segmenting", done, 8) for done in range(1, 9)]
    assert told[8:] == [("drawing", done, FRAMES) for done in range(1, FRAMES + 1)]


def test_an_exception_from_progress_ends_the_work(model, inputs, folder):
    def cancel(phase: str, done: int, steps: int) -> None:
        if done == 3:
            raise InterruptedError("cancelled")

    with pytest.raises(InterruptedError, match="cancelled"):
        segment_to_folder(model, inputs, folder, device="cpu", progress=cancel)
    assert not folder.confidence_path.exists()
    assert not list(folder.path.glob(".*"))
