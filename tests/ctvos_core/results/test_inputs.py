"""A video and its masks, checked together."""

import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.results.inputs import read_inputs

WIDTH, HEIGHT = 96, 64


def save(path, on):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(on.astype(np.uint8) * 255).save(path)
    return path


@pytest.fixture
def left():
    on = np.zeros((HEIGHT, WIDTH), bool)
    on[10:30, 5:30] = True
    return on


@pytest.fixture
def right(left):
    return left[:, ::-1].copy()


def test_one_file_for_each_object(make_frames, tmp_path, left, right):
    frames = make_frames(["0.jpg", "1.jpg", "2.jpg"])
    masks = tmp_path / "masks"
    save(masks / "dog.png", left)
    save(masks / "cat.png", right)
    found = read_inputs(frames, [masks])
    assert found.names == {1: "cat", 2: "dog"}
    assert found.objects == {0: (1, 2)}
    np.testing.assert_array_equal(found.masks[0], 2 * left + right)
    (told,) = found.readings
    assert told == f"{masks}: one file for each of 2 objects (1 = cat, 2 = dog)"


def test_names_are_the_same_objects_in_every_folder(make_frames, tmp_path, left, right):
    frames = make_frames(["0.jpg", "1.jpg", "2.jpg"])
    save(tmp_path / "a" / "dog.png", left)
    save(tmp_path / "b" / "dog.png", right)
    save(tmp_path / "b" / "cat.png", left)
    found = read_inputs(frames, [tmp_path / "a", tmp_path / "b"], [0, 2])
    assert found.objects == {0: (2,), 2: (1, 2)}
    assert found.names == {1: "cat", 2: "dog"}


def test_files_called_by_numbers_have_those_ids(make_frames, tmp_path, left, right):
    frames = make_frames(["0.jpg", "1.jpg"])
    save(tmp_path / "masks" / "7.png", left)
    save(tmp_path / "masks" / "012.png", right)
    found = read_inputs(frames, [tmp_path / "masks"])
    assert (found.objects, found.names) == ({0: (7, 12)}, {})


def test_an_object_under_another_is_refused(make_frames, tmp_path, left):
    frames = make_frames(["0.jpg", "1.jpg"])
    save(tmp_path / "masks" / "a.png", left)
    save(tmp_path / "masks" / "b.png", left)
    with pytest.raises(InputError, match=r"a\.png: expected an object beside the others") as caught:
        read_inputs(frames, [tmp_path / "masks"])
    assert caught.value.code == "mask_objects_overlap"
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="expected a PNG for each object"):
        read_inputs(frames, [tmp_path / "none"])


def test_a_mask_beside_the_frames_is_none_of_them(make_frames, left):
    frames = make_frames(["0.jpg", "1.jpg"])
    found = read_inputs(frames, [save(frames / "0.png", left)])
    assert found.frames.info.stems == ("0", "1")
    assert found.frames.info.warnings == (f"{frames}: not read as frames: 0.png (given as a mask)",)


def test_names_given_by_hand(make_frames, tmp_path, left):
    frames = make_frames(["0.jpg", "1.jpg"])
    mask = save(tmp_path / "m.png", left)
    assert read_inputs(frames, [mask], names={1: "dog"}).names == {1: "dog"}
    with pytest.raises(InputError, match=r"expected one of the objects \[1\], got 2"):
        read_inputs(frames, [mask], names={2: "dog"})
