"""`ctvos demo` on the beginning of its clip."""

from ctvos_core.results import read_mask
from ctvos_core.video import open_frames


def test_the_demo_leaves_clip_masks_and_overlay_and_says_how_well_it_did(ctvos, model, tmp_path):
    out = tmp_path / "demo"
    result = ctvos("demo", "--out", out, "--frames", 3, "--model", model, "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert len(open_frames(out / "clip.mp4")) == 3
    assert len(open_frames(out / "overlay.mp4")) == 3
    assert (read_mask(out / "00000.png") == read_mask(out / "mask.png")).all()
    score, own_video, _ = result.stdout.splitlines()[-3:]
    assert score.startswith("J&F ")
    assert str(out / "overlay.mp4") in score
    assert "ctvos segment VIDEO --mask MASK.png" in own_video


def test_the_demo_goes_through_a_service_that_it_stops_again(ctvos, tmp_path):
    out = tmp_path / "demo"
    result = ctvos("demo", "--service", "--out", out, "--frames", 3, "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert len(open_frames(out / "overlay.mp4")) == 3
    assert (read_mask(out / "00000.png") == read_mask(out / "mask.png")).all()
    assert result.stdout.splitlines()[-3].startswith("J&F ")
    assert (out / "service" / "ctvos.db").exists()
    assert not list((out / "service").glob("redis/*.sock"))
