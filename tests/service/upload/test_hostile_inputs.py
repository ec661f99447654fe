"""Inputs made to harm: each is a problem with a code, and nothing is left on disk."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from service_helpers import SIZE, Service, form, mask_bytes, problem_of

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
DASH = b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def zip_of(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return packed.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG whose header claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def link_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("00000.png")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return packed.getvalue()


def refused(client: httpx.Client, service: Service, video: bytes, mask: bytes, name: str) -> str:
    files = [("video", (name, video)), ("mask", (name, mask))]
    response = client.post("/segment", files=files)
    assert 400 <= response.status_code < 500, response.text
    problem = problem_of(response)
    assert str(service.settings.data_dir) not in problem["detail"]
    assert service.files() == []
    assert client.get("/jobs").json()["jobs"] == []
    return str(problem["code"])


@pytest.mark.parametrize("name", ["v.mp4", "list.m3u8", "../../evil.avi"])
@pytest.mark.parametrize("content", [PLAYLIST, CONCAT, SDP, DASH])
def test_lists_that_point_elsewhere(
    client: httpx.Client, service: Service, content: bytes, name: str
) -> None:
    assert refused(client, service, content, mask_bytes(), name) == "external_reference"


def test_what_is_no_video(client: httpx.Client, service: Service) -> None:
    for content, code in (
        (b"", "not_a_video"),
        (b"GIF89a" + b"\0" * 100, "not_a_video"),
        (mask_bytes(), "not_a_video"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_video"),
        (b"\x7fELF" + b"\0" * 4096, "not_a_video"),
    ):
        assert refused(client, service, content, mask_bytes(), "v.mp4") == code


def test_truncated_videos(client: httpx.Client, service: Service, video_bytes: bytes) -> None:
    for kept in (len(video_bytes) // 2, len(video_bytes) - 10, 40):
        code = refused(client, service, video_bytes[:kept], mask_bytes(), "v.mp4")
        assert code in ("video_truncated", "not_a_video")


def test_sound_only(client: httpx.Client, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000)
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            frame.sample_rate = 48000
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    code = refused(client, service, path.read_bytes(), mask_bytes(), "v.mp4")
    assert code == "video_has_no_video_stream"


def test_a_video_without_frames(client: httpx.Client, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "empty.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        out.start_encoding()
    code = refused(client, service, path.read_bytes(), mask_bytes(), "v.mkv")
    assert code == "not_a_video"


def test_frames_that_claim_a_huge_size(
    client: httpx.Client, service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "clip.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuvj420p"
        for _ in range(3):
            image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        out.mux(stream.encode(None))
    frame_header = b"\xff\xc0\x00\x11\x08"
    true_size = frame_header + struct.pack(">HH", SIZE[1], SIZE[0])
    assert path.read_bytes().count(true_size) == 3
    bomb = path.read_bytes().replace(true_size, frame_header + struct.pack(">HH", 60000, 60000))
    code = refused(client, service, bomb, mask_bytes(), "v.avi")
    assert code in ("video_corrupt", "video_too_large")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_frames": 11}, "too_many_frames"),
        ({"max_frame_pixels": 6143}, "video_too_large"),
        ({"max_video_pixels": 12 * 6144 - 1}, "video_too_long"),
        ({"max_upload_bytes": 500}, "video_file_too_large"),
        ({"max_mask_bytes": 20}, "mask_file_too_large"),
        ({"probe_memory_bytes": 1 << 20}, "video_too_complex"),
    ],
)
def test_limits_of_the_settings(
    serving: Callable[..., Any], video_bytes: bytes, limits: dict[str, int], code: str
) -> None:
    with serving(**limits) as service, service.client() as client:
        assert refused(client, service, video_bytes, mask_bytes(), "v.mp4") == code


def test_zip_bombs_and_traps(client: httpx.Client, service: Service) -> None:
    image = png(Image.new("RGB", SIZE))
    other = png(Image.new("RGB", (SIZE[1], SIZE[0])))
    entries = [
        ({"../00000.png": image}, "zip_unsafe"),
        ({"/etc/00000.png": image}, "zip_unsafe"),
        ({"a\\..\\b.png": image}, "zip_unsafe"),
        ({"00000.png": b"\0" * (80 << 20)}, "zip_bomb"),
        ({"00000.png": png_claiming(60000, 60000)}, "video_corrupt"),
        ({"00000.png": b"not an image"}, "video_corrupt"),
        ({"00000.png": image, "00001.png": image[: len(image) // 2]}, "video_corrupt"),
        ({"a/0.png": image, "b/0.png": image}, "zip_has_folders"),
        ({"0.png": image, "1.png": other}, "frame_sizes_differ"),
        ({"0.png": image, "0.jpg": image}, "frame_names_clash"),
        ({"readme.txt": b"hello"}, "video_has_no_frames"),
        ({}, "not_a_video"),
    ]
    for content, code in entries:
        found = refused(client, service, zip_of(content), mask_bytes(), "frames.zip")
        assert found == code, content.keys()
    assert refused(client, service, link_zip(), mask_bytes(), "f.zip") == "zip_unsafe"
    whole = zip_of({"0.png": image})
    assert refused(client, service, whole[:-30], mask_bytes(), "f.zip") == "zip_damaged"


def test_too_many_frames_in_a_zip(serving: Callable[..., Any]) -> None:
    with serving(max_frames=50) as service, service.client() as client:
        image = png(Image.new("RGB", SIZE))
        many = zip_of({f"{index}.png": image for index in range(51)})
        assert refused(client, service, many, mask_bytes(), "f.zip") == "too_many_frames"


def test_masks_that_are_none(client: httpx.Client, service: Service, video_bytes: bytes) -> None:
    jpeg = io.BytesIO()
    Image.new("L", SIZE, 255).save(jpeg, "JPEG")
    gradient = Image.fromarray(np.tile(np.arange(SIZE[0], dtype=np.uint8), (SIZE[1], 1)))
    for mask, code in (
        (b"<svg xmlns='http://www.w3.org/2000/svg'><rect/></svg>", "mask_unreadable"),
        (jpeg.getvalue(), "mask_not_png"),
        (png(Image.new("RGB", SIZE, (255, 0, 0))), "mask_not_indexed"),
        (png(gradient), "mask_antialiased"),
        (png(Image.new("L", SIZE, 0)), "mask_empty"),
        (png_claiming(60000, 60000), "mask_too_large"),
        (mask_bytes()[:60], "mask_unreadable"),
        (mask_bytes((48, 32)), "mask_size_mismatch"),
        (b"", "mask_unreadable"),
    ):
        assert refused(client, service, video_bytes, mask, "m.png") == code


def test_names_with_dots_lead_nowhere(
    client: httpx.Client, service: Service, video_bytes: bytes
) -> None:
    name = "../../../../tmp/evil.mp4"
    files = [("video", (name, video_bytes)), ("mask", (name, mask_bytes()))]
    job = client.post("/segment", files=files).json()
    inputs = f"jobs/{job['id']}/inputs"
    assert service.files() == sorted(
        [f"jobs/{job['id']}", inputs, f"{inputs}/mask-0.png", f"{inputs}/video.mp4"]
    )


def test_a_hundred_megabytes_of_text(client: httpx.Client, service: Service) -> None:
    one_field = {"model": "x" * (100 << 20)}
    response = client.post("/segment", data=one_field, files={"mask": ("m", b"x")})
    assert problem_of(response)["code"] == "field_too_large"
    many_fields = [("outputs", (None, "y" * 10_000)) for _ in range(10_000)]
    response = client.post("/segment", files=many_fields)
    assert problem_of(response)["code"] == "too_many_fields"
    response = client.post("/train", content=b'{"name": "' + b"x" * (100 << 20))
    assert problem_of(response)["code"] == "request_too_large"
    assert response.status_code == 413
    assert service.files() == []


def test_too_many_masks(serving: Callable[..., Any], video_bytes: bytes) -> None:
    with serving(max_masks_per_job=2) as service, service.client() as client:
        files = [("mask", ("m.png", mask_bytes())) for _ in range(3)]
        response = client.post("/segment", files=[("video", ("v", video_bytes)), *files])
        assert problem_of(response)["code"] == "too_many_files"
        assert service.files() == []


def test_quotas(serving: Callable[..., Any], video_bytes: bytes) -> None:
    with serving(max_queued_jobs_per_key=1) as service, service.client() as client:
        assert client.post("/segment", **form(video_bytes)).status_code == 202
        response = client.post("/segment", **form(video_bytes))
        assert response.status_code == 429
        assert problem_of(response)["code"] == "too_many_jobs"


def test_storage_quota_and_full_disk(serving: Callable[..., Any], video_bytes: bytes) -> None:
    with (
        serving(max_stored_bytes_per_key=len(video_bytes)) as service,
        service.client() as client,
    ):
        response = client.post("/segment", **form(video_bytes))
        assert response.status_code == 507
        assert problem_of(response)["code"] == "storage_quota_exceeded"


def test_full_disk(serving: Callable[..., Any], video_bytes: bytes) -> None:
    with serving(min_free_bytes=1 << 60) as service, service.client() as client:
        response = client.post("/videos", files={"video": video_bytes})
        assert response.status_code == 507
        assert problem_of(response)["code"] == "disk_full"
        assert service.files() == []
