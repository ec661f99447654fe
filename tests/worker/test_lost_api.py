"""The API is killed at any time: each job ends once, and nothing of an upload is left."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from sqlalchemy import func, select
from waiting import wait_until
from worker_house import House, write_clip

from ctvos_core.results import write_mask
from ctvos_jobs import events
from ctvos_jobs.tables import TERMINAL, Job

FRAMES, WIDTH, HEIGHT = 20, 160, 120


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Without anybody to look after jobs but the API."""
    house = House(tmp_path_factory.mktemp("data"), keeps_house=False)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture(scope="module")
def worker(house: House) -> "subprocess.Popen[bytes]":
    return house.start_worker()


@pytest.fixture(scope="module")
def large_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes a while to segment, and to make a cut-out of."""
    path = tmp_path_factory.mktemp("clip") / "large.mp4"
    return write_clip(path, FRAMES, WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def large_mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[12:32, 4:24] = 1
    path = tmp_path_factory.mktemp("mask") / "mask.png"
    write_mask(path, labels)
    return path


def post(url: str, clip: Path, mask: Path) -> str:
    files = {"video": clip.read_bytes(), "mask": mask.read_bytes()}
    form = {"outputs": "masks,coco,overlay,alpha"}
    response = httpx.post(f"{url}/segment", files=files, data=form, timeout=120, trust_env=False)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def assert_ended_well_once(house: House, job_id: str) -> None:
    job = house.wait_for_end(job_id)
    assert (job.status, job.attempt, job.error_detail) == ("succeeded", 1, None)
    assert len(house.masks(job)) == FRAMES
    assert house.store.children(f"jobs/{job_id}") == ["1", "inputs"]
    for name in ("masks.zip", "coco.json", "overlay.mp4", "alpha.webm", "confidence.json"):
        assert house.store.size(f"jobs/{job_id}/1/{name}")
    wait_until(lambda: len(_ends(house, job_id)) == 1, "the event of its end")


def _ends(house: House, job_id: str) -> list[events.Event]:
    told = events.read(house.client, job_id)
    return [e for e in told if e.event == "status" and e.data["status"] in TERMINAL]


def _incoming(house: House) -> list[Path]:
    """Files of uploads under way, of living processes and dead ones."""
    found = (house.settings.data_dir / "incoming").rglob("*")
    return [path for path in found if path.is_file() and path.name != "lock"]


def test_nothing_of_an_upload_is_left(house: House):
    api, url = house.start_api()
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
        client.sendall(
            b"POST /segment HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="video"; filename="v"\r\n\r\n'
        )
        client.sendall(b"\0" * (8 << 20))
        wait_until(lambda: any(path.stat().st_size for path in _incoming(house)), "some bytes")
        house.kill(api)
    assert _incoming(house), "killed, it could not clean up"
    again, _ = house.start_api()
    assert _incoming(house) == []
    assert len(list((house.settings.data_dir / "incoming").iterdir())) == 2, "its own, and a lock"
    assert house.store.children("jobs") == []
    with house.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0
    house.kill(again)


def test_a_job_that_waits_is_run(house: House, large_clip, large_mask, request):
    api, url = house.start_api()
    job_id = post(url, large_clip, large_mask)
    house.kill(api)
    request.getfixturevalue("worker")
    again, _ = house.start_api()
    assert_ended_well_once(house, job_id)
    house.kill(again)


def test_a_job_that_runs_goes_on(house: House, worker, large_clip, large_mask):
    """Killed as the job begins, in the middle, and while videos are made of its masks."""
    api, url = house.start_api()
    for phase in ("probing", "segmenting", "drawing"):
        job_id = post(url, large_clip, large_mask)
        house.wait_for_phase(job_id, phase)
        house.kill(api)
        api, url = house.start_api()
        assert_ended_well_once(house, job_id)
    house.kill(api)


def test_the_loss_of_a_machine_is_noticed_by_the_next(house: House, worker, large_clip, large_mask):
    """Last: worker and API die at once."""
    api, url = house.start_api()
    job_id = post(url, large_clip, large_mask)
    house.wait_for_masks(job_id)
    house.kill(api)
    house.kill(worker)
    house.lose(job_id)
    house.start_worker()
    house.start_api()
    job = house.wait_for_end(job_id)
    assert (job.status, job.attempt) == ("succeeded", 2)
    wait_until(
        lambda: house.store.children(f"jobs/{job_id}") == ["2", "inputs"], "one attempt's files"
    )
    wait_until(lambda: len(_ends(house, job_id)) == 1, "the event of its end")
