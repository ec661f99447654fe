"""Stored videos, training jobs and models."""

import json
from pathlib import Path

import httpx
import pytest
from service_helpers import FRAMES, SIZE, Service, problem_of, sha256

from ctvos_core.results import mask_png_bytes
from ctvos_jobs import lifecycle, registry


@pytest.fixture
def video_id(client: httpx.Client, video_bytes: bytes) -> str:
    response = client.post("/videos", files={"video": ("../a walk.mp4", video_bytes)})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/videos/{response.json()['id']}"
    return str(response.json()["id"])


def test_a_video_is_stored_listed_and_deleted(
    client: httpx.Client, service: Service, video_id: str, video_bytes: bytes
) -> None:
    video = client.get(f"/videos/{video_id}").json()
    assert video.pop("created_at")
    assert video == {
        "id": video_id,
        "name": "a walk.mp4",
        "sha256": sha256(video_bytes),
        "bytes": len(video_bytes),
        "frames": FRAMES,
        "width": SIZE[0],
        "height": SIZE[1],
        "seconds": FRAMES / 25,
    }
    assert [v["id"] for v in client.get("/videos").json()["videos"]] == [video_id]
    assert f"videos/{video_id}/video.mp4" in service.files()
    assert client.delete(f"/videos/{video_id}").status_code == 204
    assert service.files() == []
    assert problem_of(client.get(f"/videos/{video_id}"))["code"] == "video_not_found"
    assert client.delete(f"/videos/{video_id}").status_code == 404


def test_what_cannot_be_trained_on_is_not_stored(client: httpx.Client, service: Service) -> None:
    import numpy as np

    image = mask_png_bytes(np.ones((8, 8), np.uint8))
    for content, code in ((image, "not_a_video"), (b"#EXTM3U\n", "external_reference")):
        response = client.post("/videos", files={"video": content})
        assert response.status_code == 422
        assert problem_of(response)["code"] == code
    assert client.post("/videos", data={"video": "text"}).status_code == 415
    assert service.files() == []


def test_a_training_job(client: httpx.Client, service: Service, video_id: str) -> None:
    order = {
        "videos": [video_id],
        "config": ["steps=20", "pairs.view=64"],
        "resume_from": "default",
        "name": "walks",
    }
    response = client.post("/train", json=order)
    assert response.status_code == 202, response.text
    job = response.json()
    assert (job["kind"], job["status"]) == ("train", "queued")
    assert "metrics" in job["links"]
    with service.database.reading() as session:
        row = lifecycle.get(session, job["id"])
    assert row is not None
    assert row.request == order
    assert client.get("/jobs", params={"kind": "train"}).json()["jobs"][0]["id"] == job["id"]


def test_all_videos_and_a_name_by_default(
    client: httpx.Client, service: Service, video_id: str
) -> None:
    job = client.post("/train", json={"videos": "all"}).json()
    with service.database.reading() as session:
        row = lifecycle.get(session, job["id"])
    assert row is not None
    assert row.request["videos"] == [video_id]
    registry.check_name(row.request["name"])


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({}, "invalid_request"),
        ({"videos": []}, "invalid_request"),
        ({"videos": ["0" * 32]}, "video_not_found"),
        ({"videos": "some"}, "invalid_request"),
        ({"videos": "all", "config": ["--rm"]}, "invalid_request"),
        ({"videos": "all", "name": "../x"}, "invalid_request"),
        ({"videos": "all", "name": "default"}, "model_name_invalid"),
        ({"videos": "all", "resume_from": "nobody"}, "model_not_found"),
        ({"videos": "all", "colour": "red"}, "invalid_request"),
    ],
)
def test_wrong_orders(
    client: httpx.Client, video_id: str, order: dict[str, object], code: str
) -> None:
    response = client.post("/train", json=order)
    assert response.status_code == 422, response.text
    assert problem_of(response)["code"] == code


def test_nothing_to_train_on(client: httpx.Client) -> None:
    assert problem_of(client.post("/train", json={"videos": "all"}))["code"] == "no_videos"


def test_models_and_promotion(client: httpx.Client, service: Service, tmp_path: Path) -> None:
    packaged = client.get("/models").json()["models"]
    assert [(m["name"], m["promoted"]) for m in packaged] == [("default", True)]
    assert packaged[0]["scores"] == packaged[0]["card"]["scores"]
    assert client.get("/models/default").json() == packaged[0]

    (tmp_path / "model.safetensors").write_bytes(b"parameters")
    card = {"network": {}, "digest": sha256(b"parameters")}
    (tmp_path / "card.json").write_text(json.dumps(card))
    with service.database.session() as session:
        registry.import_model(session, service.store, tmp_path, "mine")
    assert client.get("/models/mine").json()["promoted"] is False
    assert client.post("/models/mine/promote").json()["promoted"] is True
    promoted = {m["name"]: m["promoted"] for m in client.get("/models").json()["models"]}
    assert promoted == {"default": False, "mine": True}
    assert client.post("/models/default/promote").json()["promoted"] is True
    for method, path in (("GET", "/models/none"), ("POST", "/models/none/promote")):
        response = client.request(method, path)
        assert response.status_code == 404
        assert problem_of(response)["code"] == "model_not_found"
