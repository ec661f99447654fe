"""Which files are frames, and in which order: the same for every reader of folders."""

import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.evaluation.layouts import list_frames
from ctvos_core.video import open_frames, probe
from ctvos_core.video.frame_files import list_frame_files, natural_key, strangers


def names(folder):
    return [path.name for path in list_frame_files(folder).frames]


def test_digits_are_numbers_everywhere(make_frames):
    folder = make_frames([f"{i}.jpg" for i in range(1, 13)])
    numbers = [str(i) for i in range(1, 13)]
    assert [name.removesuffix(".jpg") for name in names(folder)] == numbers
    assert [path.stem for path in list_frames(folder)] == numbers
    assert list(probe(folder).stems) == numbers
    assert sorted(["b10", "b9", "a", "b09", "b", "10", "9"], key=natural_key) == (
        ["9", "10", "a", "b", "b09", "b9", "b10"]
    )


@pytest.mark.parametrize("suffix", ["tif", "tiff", "jfif", "jpe", "ppm", "dib", "TIF"])
def test_further_kinds_of_images(make_frames, picture, suffix):
    folder = make_frames(["0.png", "1.png"])
    form = {"jfif": "JPEG", "jpe": "JPEG", "dib": "DIB", "ppm": "PPM"}.get(suffix, "TIFF")
    Image.fromarray(picture(1, 96, 64)).save(folder / f"1.{suffix}", form)
    (folder / "1.png").unlink()
    with open_frames(folder) as reader:
        assert reader.info.warnings == ()
        assert abs(reader.frame(1).image.astype(int) - picture(1, 96, 64)).mean() < 4


def test_what_is_not_read_is_named(make_frames):
    folder = make_frames(["0.jpg", "1.jpg", "2.jpg"])
    (folder / "1.jpg").unlink()
    (folder / "1.jpg").symlink_to("/nowhere/at-all.jpg")
    (folder / "3.exr").write_bytes(b"\x76\x2f\x31\x01")
    (folder / "4.jpg").mkdir()
    (folder / "notes.txt").write_text("of the day")
    for name in (".hidden.jpg", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"")
    (folder / "masks").mkdir()
    info = probe(folder)
    assert info.stems == ("0", "2")
    (warning,) = info.warnings
    assert warning == (
        f"{folder}: not read as frames: 1.jpg (a link to a file that is not there), "
        "3.exr (no image by its name), 4.jpg (no file), notes.txt (no image by its name)"
    )


def test_many_that_are_not_read_are_counted(make_frames):
    folder = make_frames(["0.jpg"])
    for index in range(30):
        (folder / f"{index}.json").write_text("{}")
    (warning,) = probe(folder).warnings
    assert warning.endswith("4.json (no image by its name) and 25 more")


@pytest.mark.parametrize("name", ["mask.png", "cover.jpg", "mask_0.png", "0_alpha.png"])
def test_an_image_beside_the_frames_is_none_of_them(make_frames, name):
    folder = make_frames(["0.jpg", "1.jpg", "2.jpg", name])
    info = probe(folder)
    assert info.stems == ("0", "1", "2")
    assert info.warnings == (f"{folder}: not read as frames: {name} (named unlike the frames)",)


@pytest.mark.parametrize(
    "frames",
    [
        ["mask_0.png", "mask_1.png"],
        ["a.png", "b.png", "c.png"],
        ["img1.png", "img2.png", "dsc1.png"],
        ["0.png"],
        ["cover.png"],
        ["1-a.png", "2-b.png", "10-c.png"],
        [],
    ],
)
def test_names_alone_make_no_strangers(frames):
    assert strangers(frames) == []


def test_a_folder_of_folders_says_where_to_look(tmp_path, make_frames):
    make_frames(["0.jpg"])
    with pytest.raises(InputError, match="of its folders, frames, give the one with the frames"):
        probe(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"")
    with pytest.raises(InputError, match=r"not read: clip\.mp4 \(no image by its name\)"):
        probe(tmp_path)
