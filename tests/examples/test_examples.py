"""Every example runs as it stands."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctvos_core.demo.files import write_demo
from ctvos_core.results import read_mask

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FRAMES = 6


def run(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_every_example_is_listed_and_tested() -> None:
    names = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".ipynb"}}
    listed = (EXAMPLES / "README.md").read_text()
    here = Path(__file__).read_text()
    client = (Path(__file__).parents[1] / "ctvos_client" / "test_example.py").read_text()
    for name in names:
        assert f"({name})" in listed
        assert f'"{name}"' in here + client


def test_a_file_is_segmented(tmp_path: Path) -> None:
    printed = run("segment_file.py", tmp_path / "made")
    assert printed.count("confidence") == FRAMES
    files = write_demo(tmp_path / "given", FRAMES)

    run("segment_file.py", files.video, files.mask, tmp_path / "masks")

    masks = [read_mask(tmp_path / "masks" / f"{index:05d}.png") for index in range(FRAMES)]
    assert np.array_equal(masks[0], read_mask(files.mask))
    truth = read_mask(files.truth / f"{FRAMES - 1:05d}.png") > 0
    found = masks[-1] > 0
    assert (truth & found).sum() > 0.5 * (truth | found).sum()


def test_a_stream_is_followed() -> None:
    lines = run("follow_stream.py").splitlines()
    assert len(lines) == FRAMES
    pixels = [int(line.split()[2]) for line in lines]
    assert min(pixels) > 0.5 * max(pixels)


@pytest.fixture(scope="module")
def notebook() -> dict[str, object]:
    """What the notebook's cells leave behind; the last expression of each as `out[cell]`."""
    cells = json.loads((EXAMPLES / "first_steps.ipynb").read_text())["cells"]
    scope: dict[str, object] = {"out": []}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        *body, last = "".join(cell["source"]).strip().split("\n")
        exec("\n".join([*body, f"out.append({last})"]), scope)
    return scope


def test_the_notebook_runs_from_top_to_bottom(notebook: dict[str, object]) -> None:
    out = notebook["out"]
    assert isinstance(out, list)
    _, sure, scores, picture, corrected = out
    assert [index for index, _ in sure] == list(range(FRAMES))
    assert isinstance(picture, Image.Image)
    assert scores[0] == 1.0
    assert corrected[FRAMES - 1] > scores[FRAMES - 1] > 0.5


def test_the_notebook_is_stored_without_outputs() -> None:
    cells = json.loads((EXAMPLES / "first_steps.ipynb").read_text())["cells"]
    assert not any(cell.get("outputs") for cell in cells)
