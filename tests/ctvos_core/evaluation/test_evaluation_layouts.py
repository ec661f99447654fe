"""Reading annotations, result masks and split files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.evaluation import read_annotation, read_split
from ctvos_core.evaluation.layouts import list_frames, read_result_mask


def save(path: Path, values: list[list[int]], mode: str) -> Path:
    image = Image.fromarray(np.array(values, np.uint8))
    if mode == "P":
        image.putpalette([shade for shade in range(256) for _ in range(3)])
    (image.convert("1") if mode == "1" else image).save(path)
    return path


@pytest.mark.parametrize(
    ("mode", "stored", "ids"),
    [
        pytest.param("P", [[0, 1, 7]], [[0, 1, 7]], id="palette: ids as stored"),
        pytest.param("P", [[0, 1, 255]], [[0, 1, 0]], id="palette: void is background"),
        pytest.param("P", [[0, 255, 255]], [[0, 0, 0]], id="palette: nothing but void"),
        pytest.param("P", [[0, 0, 0]], [[0, 0, 0]], id="palette: no object"),
        pytest.param("L", [[0, 1, 2]], [[0, 1, 2]], id="gray: ids as stored"),
        pytest.param("L", [[0, 255, 255]], [[0, 1, 1]], id="gray 0 and 255: DAVIS-2016"),
        pytest.param("L", [[0, 2, 255]], [[0, 2, 0]], id="gray: void beside ids"),
        pytest.param("1", [[0, 255, 255]], [[0, 1, 1]], id="one bit"),
    ],
)
def test_annotation(
    tmp_path: Path, mode: str, stored: list[list[int]], ids: list[list[int]]
) -> None:
    labels = read_annotation(save(tmp_path / "a.png", stored, mode))
    assert labels.dtype == np.uint8
    assert labels.tolist() == ids


def test_a_result_has_no_void_pixels(tmp_path: Path) -> None:
    assert read_result_mask(save(tmp_path / "a.png", [[0, 255]], "P")).tolist() == [[0, 255]]
    assert read_result_mask(save(tmp_path / "b.png", [[0, 255]], "L")).tolist() == [[0, 1]]


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", [[0, 1, 1]], "P")
    assert read_annotation(path, expected_size=(1, 3)).shape == (1, 3)
    with pytest.raises(InputError, match=r"a\.png: expected 1x3 pixels, got 3x1") as caught:
        read_annotation(path, expected_size=(3, 1))
    assert caught.value.code == "mask_size_differs"


def test_what_is_no_mask_is_refused(tmp_path: Path) -> None:
    colour = tmp_path / "colour.png"
    Image.new("RGB", (3, 2)).save(colour)
    text = tmp_path / "text.png"
    text.write_text("no image")
    broken = tmp_path / "broken.png"
    save(broken, [[1, 2, 3]] * 50, "P")
    broken.write_bytes(broken.read_bytes()[:-40])
    for path, code in [
        (colour, "mask_not_indexed"),
        (text, "mask_unreadable"),
        (broken, "mask_unreadable"),
        (tmp_path / "none.png", "mask_missing"),
    ]:
        with pytest.raises(InputError, match=path.name) as caught:
            read_annotation(path)
        assert caught.value.code == code
        assert "\n" not in str(caught.value)


def test_frames_come_in_order_without_other_files(tmp_path: Path) -> None:
    for name in ("00010.jpg", "00002.JPG", "00001.png", "notes.txt", "._00001.jpg"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in list_frames(tmp_path)] == ["00001.png", "00002.JPG", "00010.jpg"]


def test_split_of_davis_2017_and_of_davis_2016(tmp_path: Path) -> None:
    split = tmp_path / "val.txt"
    split.write_text("dog\n\nbear\ndog\n")
    assert read_split(split) == ("dog", "bear")
    split.write_text(
        "/JPEGImages/480p/dog/00000.jpg /Annotations/480p/dog/00000.png \n"
        "/JPEGImages/480p/dog/00001.jpg /Annotations/480p/dog/00001.png \n"
        "/JPEGImages/480p/bear/00000.jpg /Annotations/480p/bear/00000.png \n"
    )
    assert read_split(split) == ("dog", "bear")


def test_a_split_must_exist_and_name_something(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt") as caught:
        read_split(tmp_path / "none.txt")
    assert caught.value.code == "split_unreadable"
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(InputError, match="found none") as caught:
        read_split(tmp_path / "empty.txt")
    assert caught.value.code == "split_empty"
