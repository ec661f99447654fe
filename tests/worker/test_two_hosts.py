"""Two workers and an API that share nothing but PostgreSQL, Redis and an S3-compatible store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiting import wait_until
from worker_house import House, write_clip

from ctvos_jobs.embedded_redis import EmbeddedRedis
from ctvos_jobs.tables import TERMINAL

JOBS, FRAMES = 20, 3


@pytest.fixture
def house(tmp_path: Path, postgresql_url: str, s3_options: dict[str, Any]) -> Iterator[House]:
    house = House(
        tmp_path / "api",
        keeps_house=False,
        CTVOS_DATABASE_URL=postgresql_url,
        CTVOS_ARTIFACT_URL="s3://ctvos/two-hosts",
        CTVOS_ARTIFACT_OPTIONS=json.dumps(s3_options),
        CTVOS_REDIS_URL=EmbeddedRedis(tmp_path / "api").redis_url,
        CTVOS_WEBHOOK_SECRET="whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
    )
    try:
        yield house
    finally:
        house.close()


def test_they_complete_twenty_jobs_between_them(house: House, mask, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", FRAMES)
    _, url = house.start_api()
    hosts = [tmp_path / "one", tmp_path / "other"]
    for host in hosts:
        host.mkdir()
        house.start_worker(CTVOS_DATA_DIR=str(host), TMPDIR=str(host))
    files = {"video": clip.read_bytes(), "mask": mask.read_bytes()}
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        answers = [client.post("/segment", files=files) for _ in range(JOBS)]
        assert [answer.status_code for answer in answers] == [202] * JOBS
        job_ids = [answer.json()["id"] for answer in answers]
        owners = set()

        def all_ended() -> bool:
            jobs = [house.job(job_id) for job_id in job_ids]
            owners.update(job.owner for job in jobs if job.owner)
            return all(job.status in TERMINAL for job in jobs)

        wait_until(all_ended, "the end of all jobs")
        zips = {
            client.get(f"/jobs/{job_id}/masks").raise_for_status().content for job_id in job_ids
        }
    jobs = [house.job(job_id) for job_id in job_ids]
    assert [(job.status, job.attempt) for job in jobs] == [("succeeded", 1)] * JOBS
    assert len(owners) == 2, "both had some"
    assert len(zips) == 1, "the same masks, whoever made them"
    assert all(len(house.masks(job)) == FRAMES for job in jobs)
    for host in hosts:
        assert not [path for path in host.rglob("*") if path.suffix in (".png", ".mp4", ".db")]
