"""Both clients against a running service with a worker."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ctvos_client import Job, Mask, ServiceError

FRAMES = 8
Connect = Callable[..., Any]


def labels_of(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_video_becomes_masks_and_a_correction_says_where_nothing_is(
    url: str, connect: Connect, clip: Path, mask: bytes, nothing: bytes, tmp_path: Path
) -> None:
    sent: list[tuple[int, int]] = []
    told: list[Job] = []
    (tmp_path / "mask.png").write_bytes(mask)
    with connect(url) as client:
        queued = client.submit(
            clip,
            [Mask(tmp_path / "mask.png")],
            outputs=["coco", "overlay"],
            object_names={1: "square"},
            on_upload=lambda *count: sent.append(count),
        )
        ended = client.wait(queued.id, on_progress=told.append).raise_for_status()

        size = clip.stat().st_size
        assert sent[-1] == (size, size)
        assert [done for done, _ in sent] == sorted(done for done, _ in sent)
        assert (queued.kind, queued.has_ended, queued.error) == ("segment", False, None)
        assert {job.id for job in told} == {queued.id}
        assert told[-1] == ended == client.job(queued.id)
        assert ended.created_at <= ended.finished_at < ended.expires_at
        paths = client.download_masks(queued.id, tmp_path / "masks")
        assert [path.name for path in paths] == [f"{index:05d}.png" for index in range(FRAMES)]
        assert paths[5].read_bytes() == client.mask(queued.id, 5)
        assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [
            path.name for path in paths
        ]
        coco = json.loads(client.download(queued.id, "coco", tmp_path / "coco.json").read_text())
        assert len(coco["annotations"]) == FRAMES
        overlay = client.download(queued.id, "overlay", tmp_path / "overlay.mp4")
        assert b"ftyp" in overlay.read_bytes()[:16]
        sure = client.confidence(queued.id)
        assert (sure.objects, len(sure.frames)) == ((1,), FRAMES)
        assert 0 <= sure.frames[3][1] <= 1

        corrected = client.correct(queued.id, [Mask(nothing, 4, objects=[1])])
        client.wait(corrected.id).raise_for_status()
        assert not labels_of(client.mask(corrected.id, 4)).any()
        for index in range(4):
            assert client.mask(corrected.id, index) == paths[index].read_bytes()
        assert corrected.links["parent"] == f"/jobs/{queued.id}"
        assert client.confidence(corrected.id).frames[4] == {1: 1.0}

        page = client.jobs(limit=1, status="succeeded")
        assert [job.id for job in page.jobs] == [corrected.id]
        older = client.jobs(limit=1, status="succeeded", cursor=page.next_cursor)
        assert [job.id for job in older.jobs] == [queued.id]
        client.delete(corrected.id)
        with pytest.raises(ServiceError) as gone:
            client.job(corrected.id)
        assert (gone.value.code, gone.value.status_code) == ("job_not_found", 404)


def test_what_the_service_refuses_is_an_error_with_its_code(
    url: str, connect: Connect, clip: Path, long_clip: Path, mask: bytes, tmp_path: Path
) -> None:
    with connect(url) as client:
        busy = client.submit(long_clip, [Mask(mask)])
        with pytest.raises(ServiceError, match="frame from 0 to 7, the last") as refused:
            client.submit(clip, [Mask(mask, frame=99)])
        assert (refused.value.code, refused.value.status_code) == ("frame_out_of_range", 422)
        with pytest.raises(ServiceError) as unknown:
            client.submit(clip.read_bytes(), [Mask(mask)], model="none")
        assert unknown.value.code == "model_not_found"
        with pytest.raises(FileNotFoundError):
            client.submit(tmp_path / "none.mp4", [Mask(mask)])

        job = client.submit(clip, [Mask(mask)], idempotency_key=f"{tmp_path}")
        assert client.submit(clip, [Mask(mask)], idempotency_key=f"{tmp_path}").id == job.id
        with pytest.raises(ServiceError) as missing:
            client.download(job.id, "alpha", tmp_path / "alpha.webm")
        assert missing.value.code == "output_not_requested"
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(ServiceError) as late:
            client.wait(job.id, timeout_seconds=0)
        assert late.value.code == "wait_timeout"
        client.cancel(job.id)
        with pytest.raises(ServiceError) as ended:
            client.wait(job.id).raise_for_status()
        assert ended.value.code == "job_cancelled"
        client.delete(busy.id)


def test_a_service_that_is_not_there(connect: Connect, clip: Path, mask: bytes) -> None:
    with connect("http://127.0.0.1:9") as client:
        with pytest.raises(ServiceError, match="a service that answers") as caught:
            client.submit(clip, [Mask(mask)])
        assert caught.value.code == "service_unreachable"
    with (
        pytest.raises(ServiceError, match="expected http://HOST:PORT") as invalid,
        connect("http://host:many") as _,
    ):
        pass
    assert invalid.value.code == "url_invalid"


def test_the_library_is_httpx_and_nothing_of_the_house() -> None:
    code = (
        "import sys, ctvos_client\n"
        "house = {'torch', 'numpy', 'av', 'pydantic', 'service', 'worker', 'ctvos_jobs',"
        " 'ctvos_core', 'ctvos_cli'}\n"
        "assert not house & set(sys.modules), house & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
