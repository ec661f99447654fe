"""`ctvos segment` on good input."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from typer.testing import Result

from ctvos_core.results import decode_rle, read_mask, write_mask
from ctvos_core.video import open_frames

DAVIS_DEV = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "davis-dev"
FRAMES = 12
STEMS = [f"{index:05d}" for index in range(FRAMES)]


def mask_names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.png"))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@dataclass(frozen=True)
class Segmented:
    """What a run left and said."""

    folder: Path
    result: Result


@pytest.fixture(scope="module")
def segmented(
    segment: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory
) -> Segmented:
    """One run with every output, for the tests that only look."""
    folder = tmp_path_factory.mktemp("segmented") / "out"
    return Segmented(folder, segment("--out", folder, "--overlay", "--coco"))


def test_one_indexed_png_per_frame_comes_out(segmented):
    assert segmented.result.exit_code == 0, segmented.result.stderr
    assert mask_names(segmented.folder) == STEMS
    for stem in STEMS:
        image = Image.open(segmented.folder / f"{stem}.png")
        assert image.mode == "P"
        assert image.size == (128, 96)
        assert set(np.unique(image)) <= {0, 1}


def test_one_line_sums_up(segmented):
    assert segmented.result.stderr == ""
    summary = segmented.result.stdout.splitlines()[-1]
    assert re.fullmatch(r"12 frames in [\d.]+ s \([\d.]+ frames/s\): .*/out", summary)


def test_progress_is_plain_lines_where_there_is_no_terminal(segmented):
    said = segmented.result.stdout
    assert "segmenting: 12/12 frames, " in said
    assert "drawing: 12/12 frames, " in said
    assert "\x1b" not in said


def test_the_given_mask_comes_out_as_it_went_in(segmented, mask):
    assert (pixels(segmented.folder / "00000.png") == pixels(mask)).all()


def test_confidence_is_told_per_frame_and_object(segmented):
    content = json.loads((segmented.folder / "confidence.json").read_text())
    assert content["objects"] == [1]
    assert [entry["frame"] for entry in content["frames"]] == list(range(FRAMES))
    assert [entry["name"] for entry in content["frames"]] == STEMS
    assert set(content["review"]) <= set(range(len(content["frames"])))
    assert all(0 <= entry["confidence"]["1"] <= 1 for entry in content["frames"])


def test_coco_file_loads_and_holds_the_masks(segmented):
    coco = COCO(segmented.folder / "coco.json")
    assert [image["frame_index"] for image in coco.dataset["images"]] == list(range(FRAMES))
    for annotation in coco.dataset["annotations"]:
        labels = read_mask(segmented.folder / f"{annotation['image_id'] - 1:05d}.png")
        assert decode_rle(annotation["segmentation"]).tolist() == (labels == 1).tolist()
        assert 0 <= annotation["score"] <= 1


def test_overlay_has_every_frame_at_its_time(segmented, clip):
    overlay, video = open_frames(segmented.folder / "overlay.mp4").info, open_frames(clip).info
    assert overlay.frame_count == video.frame_count == FRAMES
    assert overlay.size == video.size
    np.testing.assert_allclose(overlay.times, video.times, atol=1e-3)


def test_same_input_gives_the_same_bytes_and_nothing_that_was_not_asked_for(
    segment, segmented, tmp_path
):
    segment("--out", tmp_path / "again")
    names = {path.name for path in (tmp_path / "again").iterdir()}
    assert names == {f"{stem}.png" for stem in STEMS} | {"confidence.json"}
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (segmented.folder / name).read_bytes()


def test_black_and_white_is_object_1(segment, mask, tmp_path):
    Image.fromarray((pixels(mask) * 255).astype(np.uint8)).save(tmp_path / "gray.png")
    segment("--out", tmp_path / "out", masks=("--mask", tmp_path / "gray.png"))
    assert (pixels(tmp_path / "out" / "00000.png") == pixels(mask)).all()


def test_a_mask_in_the_middle_is_carried_both_ways(segment, mask, tmp_path):
    result = segment("--out", tmp_path / "out", "--overlay", "--frame", 5)
    assert result.exit_code == 0, result.stderr
    assert mask_names(tmp_path / "out") == STEMS
    assert (pixels(tmp_path / "out" / "00005.png") == pixels(mask)).all()
    assert len(open_frames(tmp_path / "out" / "overlay.mp4")) == FRAMES
    assert "segmenting: 13/13 frames" in result.stdout  # frame 5 is a step of both directions


def test_masks_of_several_frames_keep_their_ids(segment, mask, tmp_path):
    late = np.zeros((96, 128), np.uint8)
    late[8:24, 8:40] = 7
    write_mask(tmp_path / "late.png", late)
    masks = ("--mask", mask, "--frame", 0, "--mask", tmp_path / "late.png", "--frame", 8)
    result = segment("--out", tmp_path / "out", masks=masks)
    assert result.exit_code == 0, result.stderr
    assert mask_names(tmp_path / "out") == STEMS
    at_8 = pixels(tmp_path / "out" / "00008.png")
    assert (at_8[late == 7] == 7).all()
    assert set(np.unique(at_8)) <= {0, 1, 7}


def test_a_folder_of_frames_gives_its_names_to_the_masks(segment, clip, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for frame in open_frames(clip).frames(0, 4):
        Image.fromarray(frame.image).save(frames / f"shot-{frame.index + 9}.jpg")
    result = segment("--out", tmp_path / "out", video=frames)
    assert result.exit_code == 0, result.stderr
    assert mask_names(tmp_path / "out") == ["shot-10", "shot-11", "shot-12", "shot-9"]


def test_how_a_mask_was_read_and_what_was_not_is_said(segment, mask, clip, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for frame in open_frames(clip).frames(0, 3):
        Image.fromarray(frame.image).save(frames / f"{frame.index}.jpg")
    (frames / "notes.txt").write_text("")
    colours = np.zeros((96, 128, 3), np.uint8)
    colours[pixels(mask) == 1] = (255, 0, 0)
    Image.fromarray(colours).save(frames / "red.png")
    given = ("--mask", frames / "red.png", "--name", "1=dog")
    result = segment("--out", tmp_path / "out", "--coco", video=frames, masks=given)
    assert result.exit_code == 0, result.stderr
    told = f"{frames / 'red.png'}: read by its colours: 1 object (1 = #ff0000)"
    assert result.stdout.splitlines()[0] == told
    assert result.stderr == (
        f"ctvos: warning: {frames}: not read as frames: notes.txt (no image by its name), "
        "red.png (given as a mask)\n"
    )
    assert mask_names(tmp_path / "out") == ["0", "1", "2"]
    assert (pixels(tmp_path / "out" / "0.png") == pixels(mask)).all()
    content = json.loads((tmp_path / "out" / "confidence.json").read_text())
    assert content["names"] == {"1": "dog"}
    content = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert content["categories"] == [{"id": 1, "name": "dog"}]


def test_a_folder_with_a_mask_for_each_object(segment, mask, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    for name, on in (("dog", pixels(mask)), ("cat", pixels(mask)[::-1, ::-1])):
        Image.fromarray((on * 255).astype(np.uint8)).save(masks / f"{name}.png")
    result = segment("--out", tmp_path / "out", masks=("--mask", masks))
    assert result.exit_code == 0, result.stderr
    assert set(np.unique(pixels(tmp_path / "out" / "00000.png"))) == {0, 1, 2}
    content = json.loads((tmp_path / "out" / "confidence.json").read_text())
    assert content["names"] == {"1": "cat", "2": "dog"}


def test_results_of_another_run_are_replaced_only_if_told(segment, segmented, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(segmented.folder, out)
    write_mask(out / "00099.png", np.ones((96, 128), np.uint8))
    refused = segment("--out", out)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert (out / "overlay.mp4").exists()
    assert segment("--out", out, "--overwrite").exit_code == 0
    assert {path.name for path in out.iterdir()} == {
        *(f"{stem}.png" for stem in STEMS),
        "confidence.json",
    }


def test_an_overlay_that_cannot_be_written_costs_nothing_else(segment, tmp_path):
    out = tmp_path / "out"
    (out / "overlay.mp4").mkdir(parents=True)
    result = segment("--out", out, "--overlay", "--coco")
    assert result.exit_code == 0, result.stderr
    assert "overlay.mp4: not made, the masks are complete" in result.stderr
    assert mask_names(out) == STEMS
    assert (out / "coco.json").is_file()


def test_an_object_that_vanishes_is_said_to(segment, tmp_path):
    dot = np.zeros((96, 128), np.uint8)
    dot[5, 100] = 3
    write_mask(tmp_path / "dot.png", dot)
    result = segment("--out", tmp_path / "out", masks=("--mask", tmp_path / "dot.png"))
    content = json.loads((tmp_path / "out" / "confidence.json").read_text())
    shown = [3 in np.unique(pixels(tmp_path / "out" / f"{stem}.png")) for stem in STEMS[1:]]
    assert any(shown) != ("object 3: only given masks show it" in result.stderr)
    assert any(shown) or 1 in content["review"]


@pytest.mark.shared
@pytest.mark.skipif(not DAVIS_DEV.is_dir(), reason="no development data beside the checkout")
def test_a_real_sequence(segment, tmp_path):
    name = "dance-jump"
    frames = tmp_path / "frames"
    frames.mkdir()
    for path in sorted((DAVIS_DEV / "JPEGImages" / "480p" / name).iterdir())[:5]:
        (frames / path.name).symlink_to(path)
    given = DAVIS_DEV / "Annotations" / "480p" / name / "00000.png"
    result = segment("--out", tmp_path / "out", video=frames, masks=("--mask", given))
    assert result.exit_code == 0, result.stderr
    assert mask_names(tmp_path / "out") == [f"{index:05d}" for index in range(5)]
    assert (pixels(tmp_path / "out" / "00000.png") == pixels(given)).all()
