"""A real clip through the service. Made clips: `test_segment_jobs` and `test_serve_command`."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner
from worker_house import House

from ctvos_cli.main import app

DAVIS_DEV = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "davis-dev"
FRAMES = 4


@pytest.mark.shared
@pytest.mark.skipif(not DAVIS_DEV.is_dir(), reason="no development data beside the checkout")
def test_its_masks_are_those_of_the_command_bit_for_bit(house: House, worker, tmp_path):
    sequence = "dance-jump"
    frames = sorted((DAVIS_DEV / "JPEGImages" / "480p" / sequence).iterdir())[:FRAMES]
    mask = DAVIS_DEV / "Annotations" / "480p" / sequence / "00000.png"
    (tmp_path / "frames").mkdir()
    with zipfile.ZipFile(tmp_path / "frames.zip", "w") as archive:
        for frame in frames:
            archive.write(frame, frame.name)
            (tmp_path / "frames" / frame.name).symlink_to(frame)
    out = tmp_path / "out"
    arguments = ["segment", tmp_path / "frames", "--mask", mask, "--out", out, "--device", "cpu"]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output

    _, url = house.start_api()
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        files = {"video": (tmp_path / "frames.zip").read_bytes(), "mask": mask.read_bytes()}
        answer = client.post("/segment", files=files)
        assert answer.status_code == 202, answer.text
        job = house.wait_for_end(answer.json()["id"])
        assert (job.status, job.error_detail) == ("succeeded", None)
        packed = client.get(f"/jobs/{job.id}/masks").raise_for_status().content
    masks = zipfile.ZipFile(io.BytesIO(packed))
    expected = {path.name: path.read_bytes() for path in out.glob("*.png")}
    assert len(expected) == FRAMES
    assert {name: masks.read(name) for name in masks.namelist()} == expected
