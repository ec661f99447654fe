"""`ctvos export`, and `ctvos segment` with exports and a range of frames."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from ctvos_core.results import read_mask


def exported_masks(folder):
    """By frame file name, the mask of object 1."""
    document = json.loads((folder / "youtube-vis" / "annotations.json").read_text())
    (video,), (track,) = document["videos"], document["annotations"]
    return dict(zip(video["file_names"], track["segmentations"], strict=True))


def test_exports_of_a_run_and_of_its_folder_are_the_same(ctvos, segment, clip, tmp_path):
    out = tmp_path / "out"
    result = segment("--out", out, "--export", "youtube-vis", "--export", "npz")
    assert result.exit_code == 0, result.stderr
    again = tmp_path / "again"
    names = ("--name", "1=my dog")
    result = ctvos(
        "export", out, "--video", clip, "--format", "youtube-vis", "--out", again, *names
    )
    assert result.exit_code == 0, result.stderr
    assert str(again / "youtube-vis") in result.stdout
    masks = exported_masks(out / "exports")
    assert masks == exported_masks(again)
    for name, rle in masks.items():
        labels = read_mask(out / name.replace(".jpg", ".png"), allow_empty=True)
        np.testing.assert_array_equal(labels == 1, coco_mask.decode(rle) if rle else False)
    for folder, label in ((out / "exports", "object 1"), (again, "my dog")):
        document = json.loads((folder / "youtube-vis" / "annotations.json").read_text())
        assert document["categories"] == [{"id": 1, "name": label}]
    assert (out / "exports" / "npz" / "masks.npz").is_file()


def test_a_range_of_frames_is_named_as_in_the_source(segment, mask, tmp_path):
    out = tmp_path / "out"
    given = ("--mask", mask, "--frame", 4)
    bounds = ("--start", 2, "--end", 9, "--step", 2)
    extras = ("--coco", "--overlay", "--export", "youtube-vis")
    result = segment("--out", out, *bounds, *extras, masks=given)
    assert result.exit_code == 0, result.stderr
    stems = ["00002", "00004", "00006", "00008"]
    assert sorted(path.stem for path in out.glob("*.png")) == stems
    np.testing.assert_array_equal(read_mask(out / "00004.png"), read_mask(mask))
    record = json.loads((out / "confidence.json").read_text())
    assert [(entry["frame"], entry["name"]) for entry in record["frames"]] == [
        (int(stem), stem) for stem in stems
    ]
    assert set(record["review"]) <= {2, 4, 6, 8}
    images = json.loads((out / "coco.json").read_text())["images"]
    assert [image["frame_index"] for image in images] == [2, 4, 6, 8]
    assert [image["time_seconds"] for image in images] == pytest.approx([0.08, 0.16, 0.24, 0.32])
    assert list(exported_masks(out / "exports")) == [f"{stem}.jpg" for stem in stems]


def test_what_is_there_is_replaced_only_when_told(ctvos, segment, clip, tmp_path):
    out = tmp_path / "out"
    assert segment("--out", out).exit_code == 0
    mine = out / "exports" / "npz" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("not an export")
    for result in (
        ctvos("export", out, "--video", clip, "--format", "npz"),
        segment("--out", out, "--export", "npz"),
    ):
        assert result.exit_code == 2
        assert "npz: expected no export there yet" in result.stderr
    assert [path.name for path in mine.parent.iterdir()] == ["mine.txt"]
    result = ctvos("export", out, "--video", clip, "--format", "npz", "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert [path.name for path in mine.parent.iterdir()] == ["masks.npz"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--export", "tiff"), "tiff: expected a format among youtube-vis, "),
        (("--start", 5, "--end", 5), "expected 0 <= start < end <= 12"),
        (("--frame", 1, "--step", 2), "of 0 to 10 in steps of 2, got one of frame 1"),
    ],
)
def test_bad_exports_and_ranges_of_segment_are_refused(segment, tmp_path, options, complaint):
    result = segment("--out", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_bad_input_of_export_is_refused(ctvos, segment, clip, long_clip, tmp_path):
    out = tmp_path / "out"
    assert segment("--out", out).exit_code == 0
    (tmp_path / "frames").mkdir()
    for arguments, complaint in (
        ((tmp_path, "--video", clip, "--format", "npz"), "confidence.json"),
        ((out, "--video", clip, "--format", "gif"), "gif: expected a format among"),
        ((out, "--video", tmp_path / "none.mp4", "--format", "npz"), "none.mp4"),
        ((out, "--video", clip, "--format", "npz", "--name", "dog"), "--name: expected ID=NAME"),
        ((out, "--video", clip, "--format", "npz", "--name", "3=dog"), "got one for 3"),
    ):
        result = ctvos("export", *arguments)
        assert result.exit_code == 2
        assert complaint in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not list(out.glob("exports/*"))
