"""Exports read by tools that need an environment of their own."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from exported_clip import FRAMES, NAMES, truth

HERE = Path(__file__).parent
NO_NETWORK = ("NewConnectionError", "NameResolutionError", "Failed to establish a new connection")


@pytest.fixture(scope="module")
def readers(pytestconfig: pytest.Config) -> Path:
    """An interpreter with the readers, made once and kept in pytest's cache."""
    wanted = (HERE / "readers.txt").read_bytes() + sys.version.encode()
    name = f"export-readers-{hashlib.sha256(wanted).hexdigest()[:12]}"
    folder = Path(pytestconfig.cache.mkdir("export-readers")) / name
    python = folder / "bin" / "python"
    done = folder / "complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        command = [python, "-m", "pip", "install", "-q", "-r", HERE / "readers.txt"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode and any(sign in run.stderr for sign in NO_NETWORK):
            if "CI" in os.environ:
                pytest.fail("no network, which a test of exports needs once")
            pytest.skip("no network")
        assert run.returncode == 0, run.stderr[-2000:]
        done.touch()
    return python


@pytest.fixture(scope="module")
def read(readers: Path, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Masks by format, frame, object and name."""
    # As a task with its pictures is handed on: Datumaro wants to see them.
    task = exported / "cvat-task"
    shutil.copytree(exported / "yolo-seg" / "images", task / "images")
    shutil.copy(exported / "cvat" / "images.xml", task / "default.xml")
    out = tmp_path_factory.mktemp("read") / "masks.npz"
    command = [readers, HERE / "read_elsewhere.py", exported, out]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    shutil.rmtree(task)
    assert run.returncode == 0, run.stderr[-2000:]
    masks: dict[str, dict[tuple[str, int, str], np.ndarray]] = {}
    with np.load(out) as arrays:
        for key in arrays.files:
            format_, stem, object_id, name = key.split("/")
            masks.setdefault(format_, {})[stem, int(object_id), name] = arrays[key]
    return masks


@pytest.mark.parametrize("format_", ["label-studio", "voc", "mots", "cvat"])
def test_masks_frames_ids_and_names_are_read_as_they_were(read, format_):
    wanted = {
        (f"{index:05d}", object_id, name): truth(index) == object_id
        for index in range(FRAMES)
        for object_id, name in NAMES.items()
        if (truth(index) == object_id).any()
    }
    assert set(read[format_]) == set(wanted)
    for key, mask in wanted.items():
        np.testing.assert_array_equal(read[format_][key], mask)


def test_the_script_for_napari_shows_masks_and_names(readers, exported, tmp_path):
    document = (HERE.parents[2] / "docs" / "formats.md").read_text()
    (script,) = re.findall(r"^```python\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    assert script.count("napari.Viewer()") == script.count("napari.run()") == 1
    # What the window would show, without a screen for it.
    script = "from napari.components import ViewerModel\n" + script.replace(
        "napari.Viewer()", "ViewerModel()"
    ).replace("napari.run()", "(layer,) = viewer.layers\nnp.savez(sys.argv[2], layer.data)")
    script += "print(layer.metadata['names'])\n"
    (tmp_path / "script.py").write_text(script)
    masks = exported / "npz" / "masks.npz"
    command = [readers, tmp_path / "script.py", masks, tmp_path / "shown.npz"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip() == str(NAMES)
    with np.load(tmp_path / "shown.npz") as shown:
        np.testing.assert_array_equal(shown["arr_0"], [truth(i) for i in range(FRAMES)])
