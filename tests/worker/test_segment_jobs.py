"""Segmentation jobs in a real worker."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner
from waiting import wait_until
from worker_house import LONG_FRAMES, House, truth, write_clip

from ctvos_cli.main import app
from ctvos_core.network.config import NetworkConfig
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.results import write_mask
from ctvos_core.weights import ModelCard, save_model
from ctvos_jobs import events, lifecycle, registry

pytestmark = pytest.mark.usefixtures("worker")


def segment(clip: Path, mask: Path, out: Path, *options: object) -> dict[str, bytes]:
    """What `ctvos segment` writes."""
    arguments = ["segment", clip, "--mask", mask, "--out", out, "--device", "cpu", *options]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return {path.name: path.read_bytes() for path in out.glob("*.png")}


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def test_masks_are_those_of_the_command_and_everything_asked_for_is_there(
    house: House, clip, mask, tmp_path
):
    job_id = house.submit(
        clip,
        mask,
        outputs=["masks", "coco", "overlay", "alpha"],
        object_names={"1": "square"},
    )
    job = house.wait_for_end(job_id)
    assert (job.status, job.attempt, job.error_detail) == ("succeeded", 1, None)
    expected = segment(clip, mask, tmp_path / "out", "--name", "1=square")
    assert house.masks(job) == expected
    prefix = f"jobs/{job_id}/1"
    names = {key.removeprefix(f"{prefix}/") for key in house.store.list(prefix)}
    assert {name for name in names if not name.startswith("masks/")} == {
        "alpha.webm",
        "coco.json",
        "confidence.json",
        "masks.zip",
        "overlay.mp4",
    }
    packed = zipfile.ZipFile(io.BytesIO(b"".join(house.store.iter(f"{prefix}/masks.zip"))))
    assert {name: packed.read(name) for name in packed.namelist()} == expected
    confidence = b"".join(house.store.iter(f"{prefix}/confidence.json"))
    assert confidence == (tmp_path / "out" / "confidence.json").read_bytes()
    result = job.result
    assert (result["frames"], result["short_side"], result["retried_smaller"]) == (8, 480, False)
    assert [(found["id"], found["name"]) for found in result["objects"]] == [(1, "square")]
    assert result["bytes"] == sum(house.store.size(f"{prefix}/{name}") for name in names)
    assert job.model_digest == registry.packaged_card()["digest"]


def test_what_happens_is_told(house: House, clip, mask):
    job_id = house.submit(clip, mask)
    house.wait_for_end(job_id)
    told = wait_until(
        lambda: [
            found
            for found in [events.read(house.client, job_id)]
            if found and found[-1].data.get("status") == "succeeded"
        ],
        "the last event",
    )[0]
    frames = [event.data for event in told if event.event == "frame"]
    assert frames == [{"frame": index, "name": f"{index:05d}"} for index in range(8)]
    statuses = [event.data["status"] for event in told if event.event == "status"]
    assert statuses == ["running", "succeeded"]
    phases = [event.data["phase"] for event in told if event.event == "progress"]
    assert list(dict.fromkeys(phases)) == ["probing", "segmenting", "finishing"]
    last = [event.data for event in told if event.data.get("phase") == "segmenting"][-1]
    assert (last["done"], last["total"], last["eta_seconds"]) == (8, 8, 0)
    assert last["rate"] > 0


def test_a_running_job_is_cancelled_at_once(house: House, long_clip, mask):
    job_id = house.submit(long_clip, mask)
    house.wait_for_masks(job_id)
    with house.database.session() as session:
        lifecycle.request_cancel(session, job_id)
    job = house.wait_for_end(job_id)
    assert (job.status, job.attempt, job.error_code) == ("cancelled", 1, None)
    assert 2 <= len(house.masks(job)) < LONG_FRAMES


def test_what_cannot_be_read_fails_with_the_reason(house: House, mask, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    job = house.wait_for_end(house.submit(tmp_path / "clip.mp4", mask))
    assert (job.status, job.attempt, job.error_retryable) == ("failed", 1, False)
    assert job.error_code == "not_a_video"
    assert job.error_detail.startswith("video.mp4: expected a video"), "no folder of the server"


def test_frames_in_a_zip_keep_their_names(house: House, mask, clip, tmp_path):
    from PIL import Image

    from ctvos_core.video import open_frames

    with zipfile.ZipFile(tmp_path / "frames.zip", "w") as archive:
        for frame in open_frames(clip).frames(0, 3):
            buffer = io.BytesIO()
            Image.fromarray(frame.image).save(buffer, "PNG")
            archive.writestr(f"shot/take-{frame.index}.png", buffer.getvalue())
    job = house.wait_for_end(house.submit(tmp_path / "frames.zip", mask))
    assert job.error_detail is None
    assert sorted(house.masks(job)) == [f"take-{index}.png" for index in range(3)]


def test_names_of_objects_reach_the_results(house: House, clip, mask):
    job = house.wait_for_end(
        house.submit(clip, mask, outputs=["masks", "coco"], object_names={"1": "dog", "9": "cat"})
    )
    assert (job.status, job.attempt) == ("succeeded", 1)
    coco = json.loads(b"".join(house.store.iter(f"jobs/{job.id}/{job.attempt}/coco.json")))
    assert coco["categories"] == [{"id": 1, "name": "dog"}]
    assert job.result["failed_outputs"] == {}


def test_a_correction_keeps_masks_and_changes_the_rest(house: House, clip, mask, tmp_path):
    parent = house.wait_for_end(house.submit(clip, mask))
    write_mask(tmp_path / "new.png", truth(5, shift=3))
    keep = {"job": parent.id, "attempt": parent.attempt, "frames": [[0, 3]]}
    child = house.wait_for_end(
        house.submit(clip, mask, more_masks={5: tmp_path / "new.png"}, keep=keep)
    )
    assert child.error_detail is None
    before, after = house.masks(parent), house.masks(child)
    assert sorted(after) == sorted(before)
    assert all(after[f"{index:05d}.png"] == before[f"{index:05d}.png"] for index in range(4))
    assert after["00005.png"] == (tmp_path / "new.png").read_bytes()
    confidences = [
        json.loads(b"".join(house.store.iter(f"jobs/{job.id}/{job.attempt}/confidence.json")))
        for job in (parent, child)
    ]
    assert confidences[0]["frames"][:4] == confidences[1]["frames"][:4]


def test_a_job_that_adapts_has_the_masks_of_the_command_that_adapts(
    house: House, clip, mask, tmp_path
):
    job_id = house.submit(clip, mask, adapt=True)
    job = house.wait_for_end(job_id)
    assert (job.status, job.error_detail) == ("succeeded", None)
    assert job.result["stage_seconds"]["adapting"] > 0
    found, expected = house.masks(job), segment(clip, mask, tmp_path / "out", "--adapt")
    assert found.keys() == expected.keys()
    for name in found:
        # Threads add up gradients in any order, so the last bits of the two networks may differ.
        assert (_pixels(found[name]) == _pixels(expected[name])).mean() > 0.98, name
    told = [found.data for found in events.read(house.client, job_id) if found.event == "progress"]
    assert "adapting" in {row["phase"] for row in told}


def test_a_promoted_model_is_used_without_a_restart(house: House, clip, mask, tmp_path):
    pids = house.processes()
    network = CTVOS(NetworkConfig(decoder=False))
    save_model(tmp_path / "other", network, ModelCard("other", "random", network.config, 0, ""))
    with house.database.session() as session:
        other = registry.import_model(session, house.store, tmp_path / "other", "other")
        registry.promote(session, "other")
    try:
        job = house.wait_for_end(house.submit(clip, mask))
    finally:
        with house.database.session() as session:
            registry.promote(session, registry.DEFAULT_MODEL)
    assert job.model_digest == other.digest
    assert house.masks(job) == segment(clip, mask, tmp_path / "o", "--model", tmp_path / "other")
    named = house.wait_for_end(house.submit(clip, mask, model="default"))
    assert named.model_digest == registry.packaged_card()["digest"]
    assert house.processes() == pids


def test_memory_is_given_back_after_each_job(house: House, mask, tmp_path):
    large = write_clip(tmp_path / "large.mp4", 3, width=240, height=180)
    labels = np.zeros((180, 240), np.uint8)
    labels[12:32, 4:24] = 1
    write_mask(tmp_path / "large.png", labels)
    (pid,) = house.processes()
    levels = []
    for _ in range(3):
        job = house.wait_for_end(house.submit(large, tmp_path / "large.png"))
        assert job.error_detail is None
        wait_until(lambda: b"" in _jobs_at_hand(house), "a worker at rest")
        levels.append(resident_bytes(pid))
    assert max(levels[1:]) - levels[0] < 24 * 2**20


def _jobs_at_hand(house: House) -> list[bytes | None]:
    return [house.client.hget(key, "job") for key in house.client.scan_iter("ctvos:worker:seg*")]


def _pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))
