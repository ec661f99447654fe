"""Outputs are checked before work begins and never seen half written."""

import numpy as np
import pytest

from ctvos_core.errors import InputError
from ctvos_core.results import write_mask
from ctvos_core.video import prepare_output_folder, replacing


def test_folder_is_made_with_its_parents_and_left_empty(tmp_path):
    folder = prepare_output_folder(tmp_path / "a" / "b")
    assert folder == tmp_path / "a" / "b"
    assert list(folder.iterdir()) == []
    (folder / "kept.txt").write_text("x")
    assert prepare_output_folder(str(folder)) == folder
    assert [p.name for p in folder.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    "where", ["file", "file/below", "/proc/ctvos", "/proc/self", "bad\0name", "x" * 300]
)
def test_places_that_cannot_be_written(tmp_path, where):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError) as caught:
        prepare_output_folder(tmp_path / where)
    assert caught.value.code == "output_not_writable"
    assert "expected a folder that can be written to: " in str(caught.value)


def test_replacing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_mask_into_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError) as caught:
        write_mask(tmp_path / "none" / "0.png", np.zeros((2, 2), np.uint8))
    assert caught.value.code == "output_not_writable"
    assert "0.png: expected a file that can be written: No such file" in str(caught.value)
