"""`Idempotency-Key`: the same request sent twice makes one job."""

import socket

import httpx
from service_helpers import Service, form, mask_bytes, problem_of
from waiting import wait_until


def test_the_same_request_gets_the_same_job(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    headers = {"Idempotency-Key": "same"}
    first = client.post("/segment", **form(video_bytes, outputs="coco"), headers=headers)
    again = client.post("/segment", **form(video_bytes, outputs="coco"), headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    assert len(client.get("/jobs").json()["jobs"]) == 1


def test_another_request_under_the_same_key_is_refused(
    client: httpx.Client, video_bytes: bytes
) -> None:
    headers = {"Idempotency-Key": "other"}
    client.post("/segment", **form(video_bytes), headers=headers)
    for arguments in (
        form(video_bytes, outputs="coco"),
        form(video_bytes, mask_bytes(first=11)),
        form(video_bytes, frame="1"),
    ):
        response = client.post("/segment", **arguments, headers=headers)
        assert response.status_code == 422
        assert problem_of(response)["code"] == "idempotency_key_reused"
    client.post("/videos", files={"video": video_bytes})
    response = client.post("/train", json={"videos": "all"}, headers=headers)
    assert problem_of(response)["code"] == "idempotency_key_reused"


def test_a_request_that_failed_leaves_its_key_free(
    client: httpx.Client, video_bytes: bytes
) -> None:
    headers = {"Idempotency-Key": "retry"}
    bad = client.post("/segment", **form(video_bytes, mask_bytes((8, 8))), headers=headers)
    assert bad.status_code == 422
    good = client.post("/segment", **form(video_bytes), headers=headers)
    assert good.status_code == 202


def test_the_key_of_a_deleted_job_is_used_up(client: httpx.Client, video_bytes: bytes) -> None:
    headers = {"Idempotency-Key": "deleted"}
    job = client.post("/segment", **form(video_bytes), headers=headers).json()
    client.delete(f"/jobs/{job['id']}")
    response = client.post("/segment", **form(video_bytes), headers=headers)
    assert response.status_code == 410
    assert problem_of(response)["code"] == "job_deleted"


def test_two_at_once_are_a_conflict_and_a_broken_upload_frees_its_key(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    headers = {"Idempotency-Key": "busy"}
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(
            b"POST /segment HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: busy\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="video"; filename="v"\r\n\r\nabc'
        )
        wait_until(service.files, "files of the upload")
        response = client.post("/segment", **form(video_bytes), headers=headers)
        assert response.status_code == 409
        assert problem_of(response)["code"] == "idempotency_key_in_use"
    wait_until(lambda: not service.files(), "the end of its files")

    def is_accepted() -> bool:
        response = client.post("/segment", **form(video_bytes), headers=headers)
        assert response.status_code in (202, 409), response.text
        return response.status_code == 202

    wait_until(is_accepted, "a free key")  # that comes a moment after the end of the files
