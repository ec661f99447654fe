"""Corrections: which frames stay, and what the new job is made of."""

import itertools
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_helpers import FRAMES, Service, form, mask_bytes, problem_of, sha256

from ctvos_jobs import lifecycle
from ctvos_jobs.tables import Job
from service.segment.kept_frames import kept_frames


@pytest.mark.parametrize(
    ("given_frames", "corrected", "kept"),
    [
        ([0], [6], [[0, 5]]),  # carried forward from 0: what comes before 6 was found good
        ([11], [6], [[7, 11]]),  # carried backward
        ([0, 8], [4], [[0, 0], [8, 11]]),  # between two masks
        ([2, 5, 9], [7], [[0, 5], [9, 11]]),
        ([2, 5, 9], [1], [[2, 11]]),
        ([0], [4, 8], [[0, 3]]),
        ([0, 11], [3, 8], [[0, 0], [11, 11]]),
        ([0], [0], []),  # the only mask is replaced
        ([0, 6], [0], [[6, 11]]),
        ([0, 6], [6], [[0, 0]]),
        ([5], [3, 8], [[4, 7]]),
    ],
)
def test_kept_frames(given_frames: list[int], corrected: list[int], kept: list[list[int]]) -> None:
    assert kept_frames(12, given_frames, corrected) == [tuple(run) for run in kept]


frames = st.lists(st.integers(0, 19), min_size=1, max_size=5, unique=True)


@settings(deadline=None)
@given(frames, frames)
def test_kept_frames_hold_confirmed_masks_and_no_corrected_ones(
    given_frames: list[int], corrected: list[int]
) -> None:
    runs = kept_frames(20, given_frames, corrected)
    kept = {frame for first, last in runs for frame in range(first, last + 1)}
    assert set(given_frames) - set(corrected) <= kept
    assert not kept & set(corrected)
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(runs))


def row(service: Service, job_id: str) -> Job:
    with service.database.reading() as session:
        job = lifecycle.get(session, job_id)
    assert job is not None
    return job


@pytest.fixture
def parent(client: httpx.Client, service: Service, video_bytes: bytes) -> Job:
    response = client.post(
        "/segment", **form(video_bytes, outputs="coco", object_names='{"1":"a"}')
    )
    return service.finish(response.json()["id"])


def correct(client: httpx.Client, parent: Job, mask: bytes, **fields: Any) -> httpx.Response:
    files = [("mask", ("m.png", mask))]
    return client.post(f"/jobs/{parent.id}/corrections", files=files, data=fields)


def test_a_correction_is_a_new_job_that_keeps_what_is_unaffected(
    client: httpx.Client, service: Service, parent: Job, video_bytes: bytes
) -> None:
    mask = mask_bytes(first=30)
    response = correct(client, parent, mask, frame="6")

    assert response.status_code == 202, response.text
    job = row(service, response.json()["id"])
    assert response.json()["links"]["parent"] == f"/jobs/{parent.id}"
    assert job.parent_id == parent.id
    inputs = f"jobs/{job.id}/inputs"
    assert job.request == {
        **parent.request,
        "video": {**parent.request["video"], "key": f"{inputs}/video.mp4"},
        "masks": [
            {**parent.request["masks"][0], "key": f"{inputs}/mask-0.png"},
            {
                "frame": 6,
                "key": f"{inputs}/mask-6.png",
                "sha256": sha256(mask),
                "objects": [1],
                "absent": [],
                "reading": "indices",
            },
        ],
        "keep": {"job": parent.id, "attempt": 1, "frames": [[0, 5]]},
    }
    client.delete(f"/jobs/{parent.id}")
    with service.store.open_read(f"{inputs}/video.mp4") as file:
        assert file.read() == video_bytes

    service.finish(job.id)
    second = row(service, correct(client, job, mask_bytes(), frame="3").json()["id"])
    assert second.request["keep"]["frames"] == [[0, 0], [6, FRAMES - 1]]


def test_a_mask_of_the_same_frame_is_replaced(
    client: httpx.Client, service: Service, parent: Job
) -> None:
    mask = mask_bytes(first=5)
    job = row(service, correct(client, parent, mask, outputs="alpha").json()["id"])
    assert [m["sha256"] for m in job.request["masks"]] == [sha256(mask)]
    assert job.request["keep"] is None
    assert job.request["outputs"] == ["masks", "alpha"]


def test_an_object_can_be_said_to_be_absent(
    client: httpx.Client, service: Service, parent: Job
) -> None:
    nothing = mask_bytes(object_id=0)
    response = correct(client, parent, nothing, frame="6", objects="1")

    assert response.status_code == 202, response.text
    job = row(service, response.json()["id"])
    said = [(mask["frame"], mask["objects"], mask["absent"]) for mask in job.request["masks"]]
    assert said == [(0, [1], []), (6, [1], [1])]
    assert job.request["keep"]["frames"] == [[0, 5]]
    given = client.get(f"/jobs/{job.id}/frames").json()["masks"]
    assert given[1] == {**{"frame": 6, "objects": [1], "absent": [1], "reading": "indices"}}


def test_each_mask_has_objects_of_its_own(
    client: httpx.Client, service: Service, parent: Job
) -> None:
    files = [("mask", mask_bytes()), ("mask", mask_bytes(object_id=2))]
    fields = {"frame": ["4", "2"], "objects": ["", "2, 1"]}
    response = client.post(f"/jobs/{parent.id}/corrections", files=files, data=fields)
    assert response.status_code == 202, response.text
    masks = row(service, response.json()["id"]).request["masks"]
    said = [(mask["frame"], mask["objects"], mask["absent"]) for mask in masks]
    assert said == [(0, [1], []), (2, [1, 2], [1]), (4, [1], [])]


def test_a_new_object_may_be_anywhere(client: httpx.Client, service: Service, parent: Job) -> None:
    mask = mask_bytes(object_id=2)
    job = row(service, correct(client, parent, mask, frame="6").json()["id"])
    assert job.request["keep"] is None


@pytest.mark.parametrize(
    ("mask", "fields", "code"),
    [
        (mask_bytes((10, 10)), {"frame": "3"}, "mask_size_mismatch"),
        (mask_bytes(), {"frame": str(FRAMES)}, "frame_out_of_range"),
        (mask_bytes(), {"adapt": "true"}, "unknown_field"),
        (mask_bytes(object_id=0), {"frame": "3"}, "mask_empty"),
        (mask_bytes(), {"frame": "3", "objects": "2"}, "mask_objects_unmatched"),
        (mask_bytes(object_id=0), {"frame": "3", "objects": "7"}, "object_unknown"),
        (mask_bytes(), {"frame": "3", "objects": "1;2"}, "objects_invalid"),
        (mask_bytes(), {"frame": "3", "objects": "0"}, "objects_invalid"),
        (mask_bytes(), {"frame": "3", "objects": "1" * 5000}, "objects_invalid"),
        (mask_bytes(), {"frame": "3", "objects": ["1", "1"]}, "mask_objects_unmatched"),
    ],
)
def test_wrong_corrections(
    client: httpx.Client, parent: Job, mask: bytes, fields: dict[str, Any], code: str
) -> None:
    response = correct(client, parent, mask, **fields)
    assert response.status_code == 422
    assert problem_of(response)["code"] == code
    assert len(client.get("/jobs").json()["jobs"]) == 1


def test_only_finished_segmentations_can_be_corrected(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    waiting = row(service, client.post("/segment", **form(video_bytes)).json()["id"])
    assert problem_of(correct(client, waiting, mask_bytes()))["code"] == "job_not_succeeded"
    client.post("/videos", files={"video": video_bytes})
    training = row(service, client.post("/train", json={"videos": "all"}).json()["id"])
    assert problem_of(correct(client, training, mask_bytes()))["code"] == "not_a_segmentation"
    waiting.id = "0" * 32
    assert correct(client, waiting, mask_bytes()).status_code == 404
