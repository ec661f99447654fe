"""Every bad input ends with exit code 2 and one line that names what was wrong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from ctvos_core.results import write_mask


def refusal(result: Result) -> str:
    """The one line that was said."""
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.endswith("\n")
    assert result.stdout == ""
    return result.stderr


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_missing_video(segment, out, tmp_path):
    line = refusal(segment("--out", out, video=tmp_path / "none.mp4"))
    assert f"{tmp_path / 'none.mp4'}: expected a video file" in line


def test_not_a_video(segment, out, tmp_path):
    (tmp_path / "notes.mp4").write_text("dear diary\n" * 100)
    assert "notes.mp4" in refusal(segment("--out", out, video=tmp_path / "notes.mp4"))


def test_truncated_video(segment, out, clip, tmp_path):
    data = clip.read_bytes()
    (tmp_path / "half.mp4").write_bytes(data[: len(data) * 2 // 3])
    line = refusal(segment("--out", out, video=tmp_path / "half.mp4"))
    assert "half.mp4" in line
    assert "truncated" in line


def test_folder_without_frames(segment, out, tmp_path):
    (tmp_path / "empty").mkdir()
    line = refusal(segment("--out", out, video=tmp_path / "empty"))
    assert "empty: expected frames" in line


def test_playlist(segment, out, clip, tmp_path):
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{clip.name}\n#EXT-X-ENDLIST\n")
    assert "list.m3u8" in refusal(segment("--out", out, video=tmp_path / "list.m3u8"))


def test_missing_mask(segment, out, tmp_path):
    line = refusal(segment("--out", out, masks=("--mask", tmp_path / "none.png")))
    assert "none.png" in line


def test_mask_of_another_size_names_both(segment, out, tmp_path):
    write_mask(tmp_path / "small.png", np.ones((48, 64), np.uint8))
    line = refusal(segment("--out", out, masks=("--mask", tmp_path / "small.png")))
    assert "small.png" in line
    assert "128x96" in line
    assert "64x48" in line


def test_empty_mask(segment, out, tmp_path):
    write_mask(tmp_path / "black.png", np.zeros((96, 128), np.uint8))
    line = refusal(segment("--out", out, masks=("--mask", tmp_path / "black.png")))
    assert "black.png: expected at least one object" in line


def test_colour_mask(segment, out, tmp_path):
    Image.new("RGB", (128, 96), "red").save(tmp_path / "red.png")
    line = refusal(segment("--out", out, masks=("--mask", tmp_path / "red.png")))
    assert "red.png" in line
    assert "RGB" in line


def test_soft_mask(segment, out, tmp_path):
    ramp = np.tile(np.arange(128, dtype=np.uint8) * 2 + 1, (96, 1))
    Image.fromarray(ramp).save(tmp_path / "soft.png")
    line = refusal(segment("--out", out, masks=("--mask", tmp_path / "soft.png")))
    assert "soft.png" in line
    assert "anti-aliasing" in line


@pytest.mark.parametrize("frame", [12, -1])
def test_frame_out_of_range(segment, out, frame):
    line = refusal(segment("--out", out, f"--frame={frame}"))
    assert "mask.png: expected a mask of a frame from 0 to 11" in line
    assert f"frame {frame}" in line


def test_as_many_frames_as_masks(segment, mask, out):
    line = refusal(segment("--out", out, "--mask", mask))
    assert "masks: 2, frames: 0" in line


def test_one_mask_per_frame(segment, mask, out):
    line = refusal(segment("--out", out, "--frame", 3, "--mask", mask, "--frame", 3))
    assert "mask.png: expected one mask per frame, got a second one of frame 3" in line


def test_output_that_is_a_file(segment, tmp_path):
    (tmp_path / "taken").write_text("")
    assert "taken" in refusal(segment("--out", tmp_path / "taken"))


def test_output_that_cannot_be_written(segment):
    assert "/proc/ctvos" in refusal(segment("--out", "/proc/ctvos"))


def test_output_among_the_frames(segment, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    Image.new("RGB", (128, 96)).save(frames / "0.jpg")
    refusal(segment("--out", frames, video=frames))
    assert [path.name for path in frames.iterdir()] == ["0.jpg"]


def test_overlay_as_its_own_video(segment, clip, tmp_path):
    data = clip.read_bytes()
    (tmp_path / "out").mkdir()
    earlier = tmp_path / "out" / "overlay.mp4"
    earlier.write_bytes(data)
    refusal(segment("--out", tmp_path / "out", "--overlay", video=earlier))
    assert earlier.read_bytes() == data


def test_unknown_model(segment, out):
    assert "nonesuch: expected a model folder" in refusal(
        segment("--out", out, "--model", "nonesuch")
    )


def test_unknown_device(segment, out):
    assert "expected auto, cpu, cuda or cuda:N" in refusal(
        segment("--out", out, "--device", "abacus")
    )


def test_readout_that_the_model_has_not(segment, out):
    assert "readout" in refusal(segment("--out", out, "--readout", "decoder"))


def test_input_is_checked_before_the_model_is_loaded(ctvos, mask, out, tmp_path):
    line = refusal(
        ctvos(
            *("segment", tmp_path / "none.mp4", "--mask", mask),
            *("--out", out, "--model", "nonesuch"),
        )
    )
    assert "none.mp4" in line


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing command"),
        (("segmen",), "No such command"),
        (("segment",), "Missing argument"),
        (("segment", "clip.mp4"), "Missing option"),
        (("segment", "clip.mp4", "--mask", "m.png", "--out", "o", "--frame", "x"), "--frame"),
        (("segment", "clip.mp4", "--mask", "m.png", "--out", "o", "--readout", "x"), "--readout"),
        (("evaluate",), "Missing command"),
        (("evaluate", "davis"), "Missing argument"),
        (("demo", "--frames", "2"), "--frames"),
    ],
)
def test_wrong_usage(ctvos, arguments, complaint):
    assert complaint in refusal(ctvos(*arguments))


def test_dataset_that_is_not_one(ctvos, model, out, tmp_path):
    for kind in ("davis", "youtube-vos"):
        line = refusal(ctvos("evaluate", kind, tmp_path / "none", "--out", out, "--model", model))
        assert "none" in line


def test_damage_in_the_middle_is_found_while_segmenting(segment, out, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in range(4):
        Image.new("RGB", (128, 96), (index, 0, 0)).save(frames / f"{index}.png")
    data = (frames / "2.png").read_bytes()
    (frames / "2.png").write_bytes(data[:60])
    result = segment("--out", out, video=frames)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "2.png" in result.stderr


@pytest.mark.parametrize("name", ["dog", "0=dog", "256=dog", "1=", "x=dog"])
def test_names_of_objects(segment, out, name):
    assert "--name: expected ID=NAME" in refusal(segment("--out", out, "--name", name))


def test_a_name_of_no_object(segment, out):
    line = refusal(segment("--out", out, "--name", "2=dog"))
    assert "expected one of the objects [1], got 2" in line
