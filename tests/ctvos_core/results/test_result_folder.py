"""A run owns its output folder."""

import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.results import write_mask
from ctvos_core.results.folder import ResultFolder
from ctvos_core.video import probe


@pytest.fixture
def info(make_frames):
    return probe(make_frames(["0.jpg", "1.jpg"]))


@pytest.fixture
def earlier(tmp_path):
    """What a longer run of a file left, and what is the user's."""
    out = tmp_path / "out"
    out.mkdir()
    for index in range(3):
        write_mask(out / f"{index:05d}.png", np.ones((4, 4), np.uint8))
    (out / "old.png").write_bytes(b"of a version that did not sign its masks")
    (out / "confidence.json").write_text('{"frames": [{"name": "old"}]}')
    (out / "overlay.mp4").write_bytes(b"film")
    (out / ".00002.png.0123456789abcdef.tmp").write_bytes(b"half")
    Image.new("P", (4, 4)).save(out / "mine.png")
    (out / "notes.txt").write_text("mine")
    return out


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_results_of_another_run_are_refused(info, earlier):
    before = names(earlier)
    with pytest.raises(InputError, match=r"without results of another run.*--overwrite") as caught:
        ResultFolder(earlier, info)
    assert caught.value.code == "output_has_results"
    assert names(earlier) == before


def test_overwriting_takes_away_what_a_run_left_and_nothing_else(info, earlier):
    folder = ResultFolder(earlier, info, overwrite=True)
    assert "overlay.mp4" in names(earlier)  # nothing is lost before the work begins
    folder.remove_earlier()
    assert names(earlier) == ["mine.png", "notes.txt"]
    ResultFolder(earlier, info)


def test_masks_of_a_run_that_was_interrupted_are_results(info, tmp_path):
    write_mask(tmp_path / "out.png", np.ones((4, 4), np.uint8))
    (tmp_path / "out").mkdir()
    (tmp_path / "out.png").rename(tmp_path / "out" / "00007.png")
    with pytest.raises(InputError, match=r"got one with 00007.png"):
        ResultFolder(tmp_path / "out", info)


def test_given_masks_are_neither_replaced_nor_removed(info, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    given = out / "mask.png"
    write_mask(given, np.ones((4, 4), np.uint8))
    folder = ResultFolder(out, info, [given])
    folder.remove_earlier()
    assert names(out) == ["mask.png"]
    given.rename(out / "1.png")
    with pytest.raises(InputError, match=r"no result replaces .* got one with 1\.png") as caught:
        ResultFolder(out, info, [out / "1.png"], overwrite=True)
    assert caught.value.code == "output_is_input"


def test_a_damaged_account_of_an_earlier_run(info, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for content in ("", "[]", '{"frames": 3}', '{"frames": [{}]}', "\x00"):
        (out / "confidence.json").write_text(content)
        ResultFolder(out, info, overwrite=True).remove_earlier()
        assert names(out) == []
