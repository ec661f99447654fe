"""How an attempt ends, without Celery around it: `run_job` in this process."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from worker_house import ENVIRONMENT, LONG_FRAMES, House, write_clip

import worker.segment_job  # noqa: F401  # before any lease runs: it takes long
from ctvos_core.results import write_mask
from ctvos_jobs import lifecycle
from ctvos_jobs.database import now
from ctvos_jobs.tables import Job
from worker import job_memory
from worker.context import WorkerContext, open_context
from worker.run_job import run_job


@pytest.fixture
def context(house: House) -> Iterator[WorkerContext]:
    context = open_context(house.settings)
    yield context
    context.close()


def while_it_runs(house: House, job_id: str, action) -> threading.Thread:
    """Do something once the first masks are there."""

    def wait_and_act() -> None:
        house.wait_for_masks(job_id)
        action()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def cancel(house: House, job_ids: list[str]) -> None:
    """No worker of later tests is to be kept busy by them."""
    with house.database.session() as session:
        for job_id in job_ids:
            lifecycle.request_cancel(session, job_id)


def test_a_job_that_takes_too_long_fails(house: House, context, long_clip, mask):
    short = replace(
        context, settings=context.settings.model_copy(update={"job_deadline_seconds": 0.001})
    )
    job_id = house.submit(long_clip, mask)
    run_job(short, job_id)
    job = house.job(job_id)
    assert (job.status, job.error_code, job.attempt) == ("failed", "deadline_exceeded", 1)
    assert "0.001 seconds" in job.error_detail


def test_a_process_that_is_to_stop_gives_the_job_back(house: House, context, long_clip, mask):
    job_id = house.submit(long_clip, mask)
    thread = while_it_runs(house, job_id, context.stopping.set)
    run_job(context, job_id)
    thread.join()
    job = house.job(job_id)
    assert (job.status, job.attempt, job.owner) == ("queued", 1, None)
    assert job.max_attempts == house.settings.max_attempts + 1
    cancel(house, [job_id])


def test_a_process_that_lost_its_lease_changes_nothing_more(house: House, context, long_clip, mask):
    job_id = house.submit(long_clip, mask)

    def take_over() -> None:
        with house.database.session() as session:
            past = now(session) - timedelta(seconds=1)
            session.execute(update(Job).where(Job.id == job_id).values(lease_until=past))
            assert lifecycle.claim(session, job_id, "another", 600)

    thread = while_it_runs(house, job_id, take_over)
    run_job(context, job_id)
    thread.join()
    job = house.job(job_id)
    assert (job.status, job.attempt, job.owner) == ("running", 2, "another")
    assert len(house.store.children(f"jobs/{job_id}/1/masks")) < LONG_FRAMES
    with house.database.session() as session:
        lifecycle.finish_cancelled(session, job_id, 2)


def test_a_job_that_another_has_is_left_alone(house: House, context, clip, mask):
    job_id = house.submit(clip, mask)
    with house.database.session() as session:
        lifecycle.claim(session, job_id, "another", 600)
    run_job(context, job_id)
    job = house.job(job_id)
    assert (job.status, job.attempt, job.owner) == ("running", 1, "another")
    with house.database.session() as session:
        lifecycle.finish_cancelled(session, job_id, 1)


def test_what_fails_unexpectedly_is_tried_again_and_then_fails(house: House, context, clip, mask):
    job_id = house.submit(clip, mask)
    with house.database.session() as session:  # a request that no service writes
        session.execute(update(Job).where(Job.id == job_id).values(request={"masks": []}))
    states = []
    for _ in range(3):
        run_job(context, job_id)
        states.append(house.job(job_id).status)
    job = house.job(job_id)
    assert states == ["queued", "queued", "failed"]
    assert (job.error_code, job.error_retryable) == ("internal_error", True)
    assert "ValidationError" in job.error_detail


def test_a_model_that_is_gone_fails_the_job(house: House, context, clip, mask):
    job_id = house.submit(clip, mask, model="gone")
    run_job(context, job_id)
    assert house.job(job_id).error_code == "model_not_found"


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("could not execute a primitive"), True),
        (RuntimeError("could not create a primitive descriptor for the matmul primitive"), False),
        (RuntimeError("shapes do not fit"), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_of_errors_those_of_memory_are_known(error, is_memory):
    assert job_memory.is_out_of_memory(error) is is_memory


LIMITED = """
import os, resource, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from sqlalchemy import select
from ctvos_jobs.settings import load_settings
from ctvos_jobs.tables import Job
from worker.context import open_context
from worker.run_job import run_job

context = open_context(load_settings())
warm_up, *jobs = sys.argv[1:]
run_job(context, warm_up)
status = Path("/proc/self/status").read_text()
used = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
context.redis.close(), context.database.dispose()  # connections are not for children
for count, job in enumerate(jobs):
    # Libraries that once ran out of memory may go on failing: each try has a process of its own.
    if not (child := os.fork()):
        limit = 1024 * used + (80 + 30 * count) * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        run_job(context, job)
        os._exit(0)
    os.waitpid(child, 0)
    with context.database.reading() as session:
        if session.scalar(select(Job.status).where(Job.id == job)) == "succeeded":
            break
    context.database.dispose()
context.close()
"""


def test_without_memory_it_is_tried_once_at_a_smaller_size(house: House, clip, mask, tmp_path):
    """Ever more memory, as what a job needs depends on the processor: too little, then enough for
    frames of 1920x240 at a short side of 320, which take hundreds of MiB less than at 480."""
    wide = write_clip(tmp_path / "wide.mp4", 2, width=1920, height=240)
    labels = np.zeros((240, 1920), np.uint8)
    labels[12:32, 4:24] = 1
    write_mask(tmp_path / "wide.png", labels)
    jobs = [house.submit(wide, tmp_path / "wide.png") for _ in range(30)]
    script = [sys.executable, "-c", LIMITED, house.submit(clip, mask), *jobs]
    environment = {
        **ENVIRONMENT,
        "CTVOS_DATA_DIR": str(house.settings.data_dir),
        "CTVOS_LEASE_SECONDS": "600",  # imports hold up heartbeats
        # What is freed after the first try is there for the second.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "65536",
    }
    subprocess.run(script, check=True, env=environment, cwd=Path(__file__).parents[2], timeout=1800)
    # Between too little and enough there may be none to start a thread with: another matter.
    ended = [job for job in map(house.job, jobs) if job.status != "queued"]
    cancel(house, jobs)
    assert len(ended) > 1
    *short, enough = ended
    assert {(job.error_code, job.error_retryable) for job in short} == {("out_of_memory", False)}
    assert enough.status == "succeeded", enough.error_detail
    assert (enough.result["retried_smaller"], enough.result["short_side"]) == (True, 320)
    assert len(house.masks(enough)) == 2
