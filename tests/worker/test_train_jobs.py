"""A training job in a real worker: killed, continued, and its model put to use."""

import json
from pathlib import Path

import pytest
from waiting import wait_until
from worker_house import House, write_clip

from ctvos_jobs import events, lifecycle, registry
from ctvos_jobs.tables import new_id
from ctvos_jobs.videos import add_video
from worker.context import open_context
from worker.run_job import run_job

STEPS = 96
CONFIG = [
    f"steps={STEPS}",
    "report_every=1",
    "save_every=4",
    "pairs.batch=2",
    "pairs.view=32",
    "pairs.points=16",
    "clips.batch=1",
    "clips.view=32",
    "clips.past=1",
]


@pytest.fixture(scope="module")
def videos(house: House, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("footage")
    ids = []
    for number in range(2):
        path = write_clip(folder / f"{number}.mp4", 12, width=96, height=96)
        video_id = new_id()
        key = f"videos/{video_id}/video.mp4"
        house.store.put_file(path, key)
        with house.database.session() as session:
            add_video(
                session,
                name=path.name,
                key=key,
                sha256="0" * 64,
                size_bytes=path.stat().st_size,
                width=96,
                height=96,
                video_id=video_id,
            )
        ids.append(video_id)
    return ids


@pytest.fixture(scope="module", autouse=True)
def trainer(house: House):
    worker = house.start_worker("train")
    yield worker
    house.kill(worker)


def test_a_killed_training_goes_on_and_its_model_is_used(house: House, videos, clip, mask):
    job_id = house.submit_training(videos, "mine", CONFIG)
    run = f"jobs/{job_id}/run"
    wait_until(lambda: house.store.size(f"{run}/checkpoint.pt"), "a stored checkpoint")
    house.kill_holder(job_id)
    job = house.wait_for_end(job_id)
    assert (job.status, job.attempt, job.error_detail) == ("succeeded", 2, None)
    assert job.result == {"model": "mine", "digest": job.model_digest, "steps": STEPS}

    rows = [
        json.loads(line)
        for line in house.store.iter(f"{run}/metrics.jsonl", chunk=1 << 30)
        for line in line.splitlines()
    ]
    steps = [row["step"] for row in rows if "loss" in row]
    assert steps == list(range(1, STEPS + 1)), "each step once"
    assert all(row["loss"] > 0 for row in rows if "loss" in row)
    told = [found.data for found in events.read(house.client, job_id) if found.event == "metrics"]
    assert told[-1]["step"] == STEPS

    with house.database.session() as session:
        model = registry.get_model(session, "mine")
        assert model is not None
        assert model.digest == job.model_digest
        assert model.card["training"]["steps"] == STEPS
        registry.promote(session, "mine")
    context = open_context(house.settings)
    try:
        segmentation = house.submit(clip, mask)
        run_job(context, segmentation)
        assert house.job(segmentation).model_digest == model.digest
    finally:
        with house.database.session() as session:
            registry.promote(session, registry.DEFAULT_MODEL)
        context.close()


def test_a_training_begins_with_the_weights_of_a_model(house: House, videos):
    job = house.wait_for_end(
        house.submit_training(videos, "tuned", [*CONFIG, "steps=8"], "default")
    )
    assert (job.status, job.error_detail) == ("succeeded", None)
    with house.database.reading() as session:
        tuned = registry.get_model(session, "tuned")
        assert tuned is not None
        assert tuned.card["training"]["started_from"] == registry.packaged_card()["digest"]


def test_a_training_is_cancelled_between_steps(house: House, videos):
    job_id = house.submit_training(videos, "never", [*CONFIG, "steps=100000"])
    wait_until(lambda: _steps_done(house, job_id), "steps")
    trained_by = _children(house.holder(job_id))
    assert len(trained_by) == 1
    with house.database.session() as session:
        lifecycle.request_cancel(session, job_id)
    job = house.wait_for_end(job_id)
    assert (job.status, job.error_code) == ("cancelled", None)
    assert job.progress_total == 100_000
    assert not Path(f"/proc/{trained_by[0]}").exists()


def test_settings_that_make_no_sense_fail_with_the_reason(house: House, videos):
    job = house.wait_for_end(house.submit_training(videos, "never", ["no_such_setting=1"]))
    assert (job.status, job.attempt, job.error_code) == ("failed", 1, "setting_unknown")
    job = house.wait_for_end(house.submit_training(["0" * 32], "never", CONFIG))
    assert (job.status, job.error_code) == ("failed", "video_not_found")


def _steps_done(house: House, job_id: str) -> int:
    job = house.job(job_id)
    return job.progress_done if job.phase == "training" else 0


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_pictures_of_a_training_on_clips_are_stored(house: House, videos):
    config = ["steps=1", "pairs.batch=0", "clips.batch=2", "clips.view=32", "clips.past=1"]
    job = house.wait_for_end(house.submit_training(videos, "pictured", config))
    assert (job.status, job.error_detail) == ("succeeded", None)
    picture = b"".join(house.store.iter(f"jobs/{job.id}/run/pictures/000001.png"))
    assert picture.startswith(b"\x89PNG")
