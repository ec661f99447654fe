"""Drafts, and videos looked at frame by frame."""

import io
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from service_helpers import FRAMES, SIZE, Service, form, frames_zip, mask_bytes, problem_of

from ctvos_core.video import VideoWriter
from ctvos_jobs import api_keys
from ctvos_jobs.reaper import reap


@pytest.fixture(autouse=True)
def _no_draft_is_left(client: httpx.Client, service: Service) -> Iterator[None]:
    yield
    for draft_id in service.store.children("uploads"):
        client.delete(f"/drafts/{draft_id}")


def add_draft(client: httpx.Client, video: bytes, name: str = "my clip.mp4") -> dict[str, Any]:
    response = client.post("/drafts", files={"video": (name, video)})
    assert response.status_code == 201, response.text
    draft: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/drafts/{draft['id']}"
    return draft


def pixels(response: httpx.Response) -> np.ndarray:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/jpeg"
    return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB"))


def test_a_draft_shows_exactly_the_frame_that_is_asked_for(
    client: httpx.Client, video_bytes: bytes
) -> None:
    draft = add_draft(client, video_bytes)

    assert draft == {
        **{"id": draft["id"], "name": "my clip.mp4", "bytes": len(video_bytes)},
        **{"width": SIZE[0], "height": SIZE[1], "frames": FRAMES},
        "frame_rate": pytest.approx(25),
    }
    assert client.get(f"/drafts/{draft['id']}").json() == draft
    for frame in (FRAMES - 1, 0, 5):
        image = pixels(client.get(f"/drafts/{draft['id']}/frames/{frame}"))
        assert image.shape == (SIZE[1], SIZE[0], 3)
        assert abs(image.mean() - (40 + 10 * frame)) < 4
    response = client.get(f"/drafts/{draft['id']}/frames/{FRAMES}")
    assert response.status_code == 404
    assert problem_of(response)["code"] == "frame_not_found"


def test_a_zip_of_frames_can_be_a_draft(client: httpx.Client) -> None:
    draft = add_draft(client, frames_zip(["b.jpg", "a.jpg", "c.jpg"]), "frames.zip")

    image = pixels(client.get(f"/drafts/{draft['id']}/frames/0"))

    assert abs(int(image[0, 0, 0]) - 20) < 4  # frames go by name


def test_frames_of_a_phone_video_are_shown_upright(client: httpx.Client, tmp_path: Path) -> None:
    stored, turned = tmp_path / "stored.mp4", tmp_path / "turned.mov"
    with VideoWriter(stored, *SIZE) as writer:
        for index in range(3):
            image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            image[:, : SIZE[0] // 2] = 200  # the left half
            writer.write(image, index / 25)
    turn(stored, turned)

    draft = add_draft(client, turned.read_bytes())

    assert (draft["width"], draft["height"]) == (SIZE[1], SIZE[0])
    image = pixels(client.get(f"/drafts/{draft['id']}/frames/0"))
    assert image.shape == (SIZE[0], SIZE[1], 3)
    upper, lower = image[: SIZE[0] // 4].mean(), image[-SIZE[0] // 4 :].mean()
    assert upper > 150
    assert lower < 50


def turn(source: Path, target: Path) -> None:
    """Copy a video as one that was filmed upright: turned clockwise by its metadata."""
    with av.open(str(source)) as given, av.open(str(target), "w") as turned:
        stream = given.streams.video[0]
        copy = turned.add_stream_from_template(stream)
        copy.set_display_rotation(-90)
        for packet in given.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                turned.mux(packet)


def test_a_draft_becomes_a_job_without_another_upload(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    draft = add_draft(client, video_bytes)

    response = client.post(
        "/segment",
        files=[("mask", ("mask.png", mask_bytes(object_id=2), "image/png"))],
        data={"draft": draft["id"], "frame": "3", "object_names": '{"2": "dog"}'},
    )

    assert response.status_code == 202, response.text
    job_id = response.json()["id"]
    seen = client.get(f"/jobs/{job_id}/frames").json()
    assert seen == {
        **{"name": "my clip.mp4", "width": SIZE[0], "height": SIZE[1], "frames": FRAMES},
        **{"frame_rate": pytest.approx(25), "outputs": ["masks"], "review": []},
        "masks": [{"frame": 3, "objects": [2], "absent": [], "reading": "indices"}],
        "object_names": {"2": "dog"},
    }
    image = pixels(client.get(f"/jobs/{job_id}/frames/7"))
    assert abs(image.mean() - 110) < 4
    assert client.delete(f"/drafts/{draft['id']}").status_code == 204
    assert client.get(f"/drafts/{draft['id']}").status_code == 404
    assert service.store.size(f"jobs/{job_id}/inputs/video.mp4") == len(video_bytes)


def test_masks_are_checked_against_the_draft(client: httpx.Client, video_bytes: bytes) -> None:
    draft = add_draft(client, video_bytes)
    too_small = ("mask", ("mask.png", mask_bytes((48, 32), first=2), "image/png"))

    response = client.post("/segment", files=[too_small], data={"draft": draft["id"]})

    assert response.status_code == 422
    assert problem_of(response)["code"] == "mask_size_mismatch"


def test_a_draft_that_is_not_there_is_said_to_be_so(
    client: httpx.Client, video_bytes: bytes
) -> None:
    mask = ("mask", ("mask.png", mask_bytes(), "image/png"))
    for draft_id in ("0" * 32, "../../jobs", "x"):
        response = client.post("/segment", files=[mask], data={"draft": draft_id})
        assert response.status_code == 404, response.text
        assert problem_of(response)["code"] == "draft_not_found"
    assert problem_of(client.get(f"/drafts/{'0' * 32}"))["code"] == "draft_not_found"
    both = client.post("/segment", **form(video_bytes, draft="0" * 32))
    assert problem_of(both)["code"] == "video_missing"


def test_what_is_no_video_is_refused_and_leaves_nothing(
    client: httpx.Client, service: Service
) -> None:
    before = service.files()

    response = client.post("/drafts", files={"video": ("a.mp4", b"no video at all" * 100)})

    assert response.status_code == 422
    assert problem_of(response)["code"] == "not_a_video"
    assert service.files() == before


def test_drafts_go_after_a_day(client: httpx.Client, service: Service, video_bytes: bytes) -> None:
    draft = add_draft(client, video_bytes)
    reap(service.database, service.settings, service.store)
    assert client.get(f"/drafts/{draft['id']}").status_code == 200
    long_ago = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    for key in service.store.list(f"uploads/{draft['id']}"):
        path = service.store.local_path(key)
        assert path is not None
        os.utime(path, (long_ago, long_ago))

    reap(service.database, service.settings, service.store)

    assert client.get(f"/drafts/{draft['id']}").status_code == 404


def test_drafts_count_as_stored(serving: Callable[..., Any], video_bytes: bytes) -> None:
    with (
        serving(max_stored_bytes_per_key=len(video_bytes) * 5 // 2) as service,
        service.client() as client,
    ):
        draft = add_draft(client, video_bytes)
        add_draft(client, video_bytes)
        response = client.post("/drafts", files={"video": ("clip.mp4", video_bytes)})
        assert response.status_code == 507
        assert problem_of(response)["code"] == "storage_quota_exceeded"
        client.delete(f"/drafts/{draft['id']}")
        add_draft(client, video_bytes)


def test_frames_of_another_keys_draft_and_job_are_not_there(
    serving: Callable[..., Any], video_bytes: bytes
) -> None:
    with serving() as service:
        with service.database.session() as session:
            _, mine = api_keys.create_key(session, "mine")
            _, other = api_keys.create_key(session, "other")
        with (
            service.client(headers={"Authorization": f"Bearer {mine}"}) as client,
            service.client(headers={"Authorization": f"Bearer {other}"}) as stranger,
        ):
            draft = add_draft(client, video_bytes)
            job = client.post("/segment", **form(video_bytes)).json()
            for path in (
                f"/drafts/{draft['id']}",
                f"/drafts/{draft['id']}/frames/0",
                f"/jobs/{job['id']}/frames",
                f"/jobs/{job['id']}/frames/0",
            ):
                assert client.get(path).status_code == 200
                assert stranger.get(path).status_code == 404
