"""Files of a job: when they are there, ranges and entity tags."""

import io
import json
import zipfile

import httpx
import pytest
from service_helpers import FRAMES, Service, form, mask_bytes, problem_of

from ctvos_jobs import lifecycle

OVERLAY = bytes(range(256)) * 8


@pytest.fixture
def job_id(client: httpx.Client, video_bytes: bytes) -> str:
    response = client.post("/segment", **form(video_bytes, outputs="overlay,coco"))
    return str(response.json()["id"])


def test_a_finished_job_has_all_it_was_asked_for(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    service.finish(job_id)
    job = client.get(f"/jobs/{job_id}").json()
    assert job["status"] == "succeeded"
    for name in ("masks", "coco", "overlay", "confidence"):
        response = client.get(job["links"][name])
        assert response.status_code == 200, (name, response.text)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert job_id in response.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/jobs/{job_id}/masks").content))
    assert archive.namelist() == [f"{frame:05d}.png" for frame in range(FRAMES)]
    assert client.get(f"/jobs/{job_id}/masks/3").content == mask_bytes(first=4)
    assert client.get(f"/jobs/{job_id}/masks/3").headers["content-type"] == "image/png"


def test_a_mask_can_be_had_as_soon_as_it_exists(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    early = client.get(f"/jobs/{job_id}/masks/0")
    assert early.status_code == 409
    assert problem_of(early)["code"] == "not_ready"
    assert early.headers["retry-after"]

    job = service.claim(job_id)
    service.put(f"jobs/{job_id}/{job.attempt}/masks/00000.png", b"png")
    assert client.get(f"/jobs/{job_id}/masks/0").content == b"png"
    assert client.get(f"/jobs/{job_id}/masks/1").status_code == 409
    assert client.get(f"/jobs/{job_id}/masks").status_code == 409


def test_only_the_last_attempt_is_seen(client: httpx.Client, service: Service, job_id: str) -> None:
    first = service.claim(job_id)
    service.put(f"jobs/{job_id}/1/masks/00000.png", b"first")
    with service.database.session() as session:
        assert lifecycle.fail(session, job_id, first.attempt, "x", "y", retryable=True)
    service.claim(job_id)
    service.put(f"jobs/{job_id}/2/masks/00000.png", b"second")
    service.put(f"jobs/{job_id}/1/masks/00001.png", b"late")

    assert client.get(f"/jobs/{job_id}/masks/0").content == b"second"
    assert client.get(f"/jobs/{job_id}/masks/1").status_code == 409


def test_what_is_not_there_says_why(client: httpx.Client, service: Service, job_id: str) -> None:
    service.finish(job_id)
    for path, code in (
        ("alpha", "output_not_requested"),
        (f"masks/{FRAMES}", "frame_not_found"),
        ("metrics", "output_not_requested"),
    ):
        response = client.get(f"/jobs/{job_id}/{path}")
        assert response.status_code == 404
        assert problem_of(response)["code"] == code
    service.store.delete(f"jobs/{job_id}")
    assert problem_of(client.get(f"/jobs/{job_id}/coco"))["code"] == "output_missing"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=2000-", 2000, 2047),
        ("bytes=-10", 2038, 2047),
        ("bytes=2040-9999", 2040, 2047),
        ("bytes=-9999", 0, 2047),
    ],
)
def test_a_range(
    client: httpx.Client, service: Service, job_id: str, asked: str, first: int, last: int
) -> None:
    service.finish(job_id)
    response = client.get(f"/jobs/{job_id}/overlay", headers={"Range": asked})
    assert response.status_code == 206
    assert response.content == OVERLAY[first : last + 1]
    assert response.headers["content-range"] == f"bytes {first}-{last}/2048"
    assert response.headers["content-length"] == str(last - first + 1)


def test_ranges_that_cannot_be_had(client: httpx.Client, service: Service, job_id: str) -> None:
    service.finish(job_id)
    path = f"/jobs/{job_id}/overlay"
    for asked in ("bytes=2048-", "bytes=-0", "bytes=5000-6000"):
        response = client.get(path, headers={"Range": asked})
        assert response.status_code == 416, asked
        assert response.headers["content-range"] == "bytes */2048"
        assert problem_of(response)["code"] == "range_not_satisfiable"
    for ignored in ("bytes=9-3", "bytes=0-1,4-5", "frames=1-2", "bytes=-"):
        response = client.get(path, headers={"Range": ignored})
        assert (response.status_code, response.content) == (200, OVERLAY), ignored


def test_entity_tags(client: httpx.Client, service: Service, job_id: str) -> None:
    service.finish(job_id)
    path = f"/jobs/{job_id}/overlay"
    tag = client.get(path).headers["etag"]
    assert tag.startswith('"')
    for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = client.get(path, headers={"If-None-Match": header})
        assert (response.status_code, response.content) == (304, b""), header
        assert response.headers["etag"] == tag
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    same = client.get(path, headers={"Range": "bytes=0-9", "If-Range": tag})
    other = client.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)
    assert client.get(f"/jobs/{job_id}/coco").headers["etag"] != tag


def test_files_of_an_expired_job_are_gone(
    client: httpx.Client, service: Service, job_id: str
) -> None:
    service.finish(job_id)
    with service.database.session() as session:
        job = lifecycle.get(session, job_id)
        assert job is not None
        job.status = "expired"
    service.store.delete(f"jobs/{job_id}")
    for path in ("masks", "masks/0", "coco", "confidence"):
        response = client.get(f"/jobs/{job_id}/{path}")
        assert response.status_code == 410
        assert problem_of(response)["code"] == "job_expired"


def test_losses_of_a_training(client: httpx.Client, service: Service, video_bytes: bytes) -> None:
    client.post("/videos", files={"video": ("v.mp4", video_bytes)})
    job_id = client.post("/train", json={"videos": "all"}).json()["id"]
    assert client.get(f"/jobs/{job_id}/metrics").json() == {"metrics": []}
    rows = [{"step": 1, "loss": 6.5}, {"step": 2, "loss": 5.25}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    service.put(f"jobs/{job_id}/run/metrics.jsonl", lines.encode())
    assert client.get(f"/jobs/{job_id}/metrics").json() == {"metrics": rows}
