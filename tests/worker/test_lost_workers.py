"""Workers and Redis are killed: each job ends once, with everything it should leave."""

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from waiting import wait_until
from worker_house import LONG_FRAMES, House, is_alive

from ctvos_jobs.database import now
from ctvos_jobs.tables import Job

pytestmark = pytest.mark.usefixtures("worker")


def assert_complete(house: House, job: Job, attempt: int) -> None:
    """One end, all masks, and nothing left of earlier attempts."""
    assert (job.status, job.attempt, job.error_detail) == ("succeeded", attempt, None)
    assert len(house.masks(job)) == LONG_FRAMES
    wait_until(
        lambda: house.store.children(f"jobs/{job.id}") == [str(attempt), "inputs"],
        "the files of one attempt",
    )
    assert house.store.size(f"jobs/{job.id}/{attempt}/masks.zip")


@pytest.mark.parametrize("moment", ["begun", "segmenting", "drawing"])
def test_a_killed_process_is_replaced_and_the_job_runs_again(house: House, long_clip, mask, moment):
    # Drawing both takes long enough to be killed in its middle.
    job_id = house.submit(long_clip, mask, outputs=["masks", "overlay", "alpha"])
    if moment == "segmenting":
        house.wait_for_masks(job_id)
    elif moment == "drawing":
        house.wait_for_phase(job_id, "drawing")
    killed = house.kill_holder(job_id)
    job = house.wait_for_end(job_id)
    assert_complete(house, job, attempt=2)
    assert house.store.size(f"jobs/{job_id}/2/alpha.webm")
    assert killed not in _living(house)


def test_a_stopped_worker_gives_its_job_back(house: House, long_clip, mask):
    """Two workers: whichever has the job is told to stop, and the other takes over."""
    second = house.start_worker()
    job_id = house.submit(long_clip, mask)
    house.wait_for_masks(job_id)
    held_by_second = _parent(house.holder(job_id)) == second.pid
    if not held_by_second:
        # Only the second may be stopped, others need the first: have it take another job.
        house.wait_for_end(job_id)
        job_ids = [house.submit(long_clip, mask) for _ in range(2)]
        job_id = wait_until(
            lambda: next((i for i in job_ids if _works_on(house, i) == second.pid), None),
            "the second at work",
        )
        house.wait_for_masks(job_id)
    assert house.stop(second) == 0
    job = house.wait_for_end(job_id)
    assert_complete(house, job, attempt=2)  # the other worker's, who may have ended by now
    assert job.max_attempts == house.settings.max_attempts + 1, "the attempt does not count"


def test_two_workers_never_have_the_same_job(house: House, clip, mask):
    """The same message twice, at the same time, as after a lost acknowledgement."""
    second = house.start_worker()
    try:
        job_ids = [house.submit(clip, mask) for _ in range(4)]
        for job_id in job_ids:
            house.send_again(job_id)
        jobs = [house.wait_for_end(job_id) for job_id in job_ids]
        assert [(job.status, job.attempt) for job in jobs] == [("succeeded", 1)] * 4
        assert all(len(house.masks(job)) == 8 for job in jobs)
    finally:
        house.stop(second)


def test_a_job_that_kills_its_process_fails_and_blocks_nothing(house: House, long_clip, clip, mask):
    poison = house.submit(long_clip, mask)
    behind = house.submit(clip, mask)
    for attempt in (1, 2, 3):
        wait_until(lambda: house.job(poison).attempt == attempt, f"attempt {attempt}")  # noqa: B023
        house.kill_holder(poison)
    job = house.wait_for_end(poison)
    assert (job.status, job.error_code, job.attempt) == ("failed", "worker_lost", 3)
    assert "lost in each of 3 attempts" in (job.error_detail or "")
    assert house.wait_for_end(behind).status == "succeeded"


def test_jobs_survive_the_death_of_redis(house: House, long_clip, clip, mask):
    running = house.submit(long_clip, mask)
    waiting = house.submit(clip, mask)
    house.wait_for_masks(running)
    _kill_redis(house)
    assert_complete(house, house.wait_for_end(running), attempt=1)
    assert house.wait_for_end(waiting).status == "succeeded"


def test_jobs_survive_the_loss_of_all_that_redis_had(house: House, long_clip, clip, mask):
    running = house.submit(long_clip, mask)
    waiting = house.submit(clip, mask)
    house.wait_for_masks(running)
    for file in (house.settings.data_dir / "redis").rglob("*.aof*"):
        file.unlink()
    _kill_redis(house)
    assert_complete(house, house.wait_for_end(running), attempt=1)
    with house.database.session() as session:  # as if a minute had passed
        earlier = now(session) - timedelta(minutes=2)
        session.execute(
            update(Job)
            .where(Job.id == waiting, Job.status == "queued")
            .values(enqueued_at=earlier, queued_at=earlier)
        )
    job = house.wait_for_end(waiting)
    assert (job.status, job.attempt) == ("succeeded", 1)


def test_a_killed_worker_is_made_up_for_by_the_next(house: House, worker, long_clip, mask):
    """Last: it takes the module's worker with it."""
    job_id = house.submit(long_clip, mask)
    house.wait_for_masks(job_id)
    house.kill(worker)
    house.lose(job_id)
    next_worker = house.start_worker()
    assert_complete(house, house.wait_for_end(job_id), attempt=2)
    assert house.stop(next_worker) == 0


def _kill_redis(house: House) -> None:
    killed = house.redis.pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: house.redis.pid not in (None, killed), "another Redis")


def _works_on(house: House, job_id: str) -> int | None:
    """Id of the worker whose process has the job."""
    owner = house.job(job_id).owner
    return _parent(int(owner.rpartition(":")[2])) if owner else None


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _living(house: House) -> set[int]:
    return {pid for pid in house.processes() if is_alive(pid)}
