"""`POST /segment`: from a form to a queued job."""

import io
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from service_helpers import FRAMES, SIZE, Service, form, frames_zip, mask_bytes, problem_of, sha256
from waiting import wait_until

from ctvos_jobs import lifecycle
from ctvos_jobs.database import now
from ctvos_jobs.tables import Model


def test_a_video_and_a_mask_make_a_queued_job(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    response = client.post("/segment", **form(video_bytes, outputs="coco, overlay"))

    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/jobs/{job['id']}" == job["links"]["self"]
    assert int(response.headers["retry-after"]) > 0
    assert job["kind"] == "segment"
    assert job["status"] == "queued"
    assert set(job["links"]) == {
        *("self", "events", "cancel", "masks", "coco", "overlay", "confidence")
    }
    assert client.get(f"/jobs/{job['id']}").json() == job

    with service.database.reading() as session:
        row = lifecycle.get(session, job["id"])
    assert row is not None
    inputs = f"jobs/{job['id']}/inputs"
    assert row.request == {
        "video": {
            "key": f"{inputs}/video.mp4",
            "name": "my clip.mp4",
            "sha256": sha256(video_bytes),
            "bytes": len(video_bytes),
            "frames": FRAMES,
            "width": SIZE[0],
            "height": SIZE[1],
            "seconds": pytest.approx(FRAMES / 25),
            "stems_key": None,
        },
        "masks": [
            {
                "frame": 0,
                "key": f"{inputs}/mask-0.png",
                "sha256": sha256(mask_bytes()),
                "objects": [1],
                "absent": [],
                "reading": "indices",
            }
        ],
        "outputs": ["masks", "coco", "overlay"],
        "adapt": False,
        "webhook_url": None,
        "object_names": None,
        "keep": None,
    }
    with service.store.open_read(f"{inputs}/video.mp4") as file:
        assert file.read() == video_bytes
    assert all(path.startswith("jobs/") for path in service.files())


def test_a_network_with_one_encoder_may_adapt_and_one_with_two_may_not(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    job = client.post("/segment", **form(video_bytes, adapt="true")).json()
    network = {"shared_encoder": False}
    with service.database.session() as session:
        row = lifecycle.get(session, job["id"])
        assert row is not None
        assert row.request["adapt"] is True
        card = {"network": network}
        session.add(Model(name="two", digest="0" * 64, card=card, created_at=now(session)))
    response = client.post("/segment", **form(video_bytes, adapt="true", model="two"))

    assert response.status_code == 422, response.text
    assert problem_of(response)["code"] == "adapt_unavailable"
    with service.database.session() as session:
        session.delete(session.get_one(Model, "two"))


def test_the_job_is_on_its_way_to_a_worker(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    job = client.post("/segment", **form(video_bytes)).json()

    def is_queued() -> bool:
        messages = service.redis.lrange("segment", 0, -1)
        return any(job["id"] in message.decode() for message in messages)

    wait_until(is_queued, f"a message about {job['id']} in the queue")


def test_several_masks_belong_to_their_frames_in_order(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    masks = [mask_bytes(object_id=1), mask_bytes(object_id=2)]
    files = [("video", ("v", video_bytes))] + [("mask", ("m.png", mask)) for mask in masks]
    response = client.post("/segment", files=files, data={"frame": ["7", "3"]})

    assert response.status_code == 202, response.text
    with service.database.reading() as session:
        row = lifecycle.get(session, response.json()["id"])
    assert row is not None
    assert [(m["frame"], m["sha256"], m["objects"]) for m in row.request["masks"]] == [
        (3, sha256(masks[1]), [2]),
        (7, sha256(masks[0]), [1]),
    ]


def test_a_zip_of_frames_keeps_their_names(client: httpx.Client, service: Service) -> None:
    names = ["clip/a2.jpg", "clip/a10.jpg", "__MACOSX/clip/._a2.jpg", "clip/notes.txt"]
    video = frames_zip(names)
    response = client.post("/segment", **form(video, frame="1"))

    assert response.status_code == 202, response.text
    job_id = response.json()["id"]
    assert f"jobs/{job_id}/inputs/video.zip" in service.files()
    job = service.claim(job_id)
    service.put(f"jobs/{job_id}/{job.attempt}/masks/a10.png", b"mask of a10")
    response = client.get(f"/jobs/{job_id}/masks/1")
    assert response.content == b"mask of a10"
    assert "a10.png" in response.headers["content-disposition"]


def test_prefer_wait_answers_when_the_job_ends(client: httpx.Client, video_bytes: bytes) -> None:
    response = client.post("/segment", **form(video_bytes), headers={"Prefer": "wait=1"})
    assert response.status_code == 202
    assert response.headers["preference-applied"] == "wait=1"
    assert response.json()["status"] == "queued"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"frame": "99"}, "frame_out_of_range"),
        ({"frame": "-1"}, "frame_invalid"),
        ({"frame": "one"}, "frame_invalid"),
        ({"outputs": "masks,hologram"}, "invalid_request"),
        ({"adapt": "perhaps"}, "invalid_request"),
        ({"model": "nobody-made-this"}, "model_not_found"),
        ({"model": "../default"}, "invalid_request"),
        ({"webhook_url": "file:///etc/passwd"}, "webhook_url_invalid"),
        ({"object_names": "{not json"}, "invalid_request"),
        ({"object_names": '{"dog": "1"}'}, "invalid_request"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_wrong_fields_are_named(
    client: httpx.Client, service: Service, video_bytes: bytes, fields: dict[str, str], code: str
) -> None:
    response = client.post("/segment", **form(video_bytes, **fields))

    assert response.status_code == 422, response.text
    assert problem_of(response)["code"] == code
    assert service.files() == []


def test_video_and_mask_are_needed(client: httpx.Client, video_bytes: bytes) -> None:
    response = client.post("/segment", files={"mask": ("m.png", mask_bytes())})
    assert problem_of(response)["code"] == "video_missing"
    response = client.post("/segment", files={"video": ("v.mp4", video_bytes)})
    assert problem_of(response)["code"] == "mask_missing"


def test_a_pair_that_does_not_fit_names_both_sizes(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    response = client.post("/segment", **form(video_bytes, mask_bytes((64, 96))))

    assert response.status_code == 422
    problem = problem_of(response)
    assert problem["code"] == "mask_size_mismatch"
    assert "96x64" in problem["detail"]
    assert "64x96" in problem["detail"]
    assert problem["detail"].startswith("mask-0.png: ")
    assert service.files() == []


def test_not_multipart_is_refused(client: httpx.Client) -> None:
    response = client.post("/segment", json={"video": "http://example.com/v.mp4"})
    assert response.status_code == 415
    assert problem_of(response)["code"] == "unsupported_media_type"


def test_a_form_that_breaks_off_is_refused(client: httpx.Client, service: Service) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="video"; filename="v"\r\n\r\nabc'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    response = client.post("/segment", content=body, headers=headers)
    assert response.status_code == 400
    assert problem_of(response)["code"] == "malformed_form"
    assert service.files() == []


def test_outputs_have_states_of_their_own(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    """Masks are the result: a job succeeds whose overlay cannot be made, and says why it cannot."""
    job = client.post("/segment", **form(video_bytes, outputs="coco,overlay")).json()
    pending = {"status": "pending", "code": None, "detail": None}
    assert job["outputs"] == dict.fromkeys(["masks", "coco", "overlay"], pending)
    failure = {"code": "output_failed", "detail": "ValueError: too odd"}
    with service.database.session() as session:
        assert lifecycle.claim(session, job["id"], "worker", 60) is not None
        result = {"failed_outputs": {"overlay": failure}}
        assert lifecycle.succeed(session, job["id"], 1, result, None)
    seen = client.get(f"/jobs/{job['id']}").json()
    assert seen["status"] == "succeeded"
    made = {"status": "succeeded", "code": None, "detail": None}
    assert seen["outputs"] == {
        "masks": made,
        "coco": made,
        "overlay": {"status": "failed", **failure},
    }
    assert "coco" in seen["links"]
    assert "overlay" not in seen["links"]
    problem = problem_of(client.get(f"/jobs/{job['id']}/overlay"))
    assert (problem["status"], problem["code"]) == (404, "output_failed")
    assert "too odd" in problem["detail"]


def test_masks_of_colours_are_kept_as_indices(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[10:20, 10:20], pixels[30:40, 50:60] = (0, 200, 0), (200, 0, 0)
    drawn = io.BytesIO()
    Image.fromarray(pixels).save(drawn, "PNG")
    files = [("video", ("v.mp4", video_bytes)), ("mask", ("m.png", drawn.getvalue()))]
    job = client.post("/segment", files=files).json()
    (mask,) = client.get(f"/jobs/{job['id']}/frames").json()["masks"]
    assert (mask["objects"], mask["reading"]) == ([1, 2], "colours")
    with service.store.open_read(f"jobs/{job['id']}/inputs/mask-0.png") as file:
        kept = np.asarray(Image.open(file))
    np.testing.assert_array_equal(kept, 2 * (pixels[..., 1] > 0) + (pixels[..., 0] > 0))


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels"),
    [
        (".ts", "libx264", "yuv420p"),
        (".flv", "flv", "yuv420p"),
        (".wmv", "wmv2", "yuv420p"),
        (".mpg", "mpeg2video", "yuv420p"),
        (".y4m", "wrapped_avframe", "yuv420p"),
        (".apng", "apng", "rgb24"),
        (".gif", "gif", "rgb8"),
    ],
)
def test_whatever_the_command_reads_is_taken(
    client: httpx.Client, service: Service, tmp_path: Path, suffix: str, codec: str, pixels: str
) -> None:
    path = tmp_path / f"clip{suffix}"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pixels
        for _ in range(FRAMES):
            out.mux(stream.encode(av.VideoFrame(*SIZE, pixels)))
        out.mux(stream.encode(None))
    response = client.post("/segment", **form(path.read_bytes()))
    assert response.status_code == 202, response.text
    with service.database.reading() as session:
        row = lifecycle.get(session, response.json()["id"])
    assert row is not None
    assert row.request["video"]["frames"] == FRAMES
