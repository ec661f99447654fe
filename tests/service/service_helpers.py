"""A running application, what stands in for its workers, and small inputs."""

import hashlib
import io
import os
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import redis
import uvicorn
from PIL import Image
from waiting import PATIENCE_SECONDS, wait_until

from ctvos_core.results import mask_png_bytes
from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.embedded_redis import EmbeddedRedis
from ctvos_jobs.settings import Settings, load_settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Job
from service.app import create_app
from service.server import Server

SIZE = (96, 64)
FRAMES = 12


@dataclass
class Service:
    """A running application, and what a worker beside it would use."""

    url: str
    settings: Settings
    database: Database
    store: ArtifactStore
    redis: redis.Redis

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS, trust_env=False, **options)

    def claim(self, job_id: str) -> Job:
        """Take a job as a worker does."""
        with self.database.session() as session:
            job = lifecycle.claim(session, job_id, "test", 60)
        assert job is not None
        return job

    def put(self, key: str, data: bytes) -> None:
        with self.store.open_write(key) as file:
            file.write(data)

    def finish(self, job_id: str, *, frames: int = FRAMES) -> Job:
        """Run a segmentation as a worker does, with a mask for every frame."""
        job = self.claim(job_id)
        prefix = f"jobs/{job_id}/{job.attempt}"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for frame in range(frames):
                data = mask_bytes(first=frame + 1)
                self.put(f"{prefix}/masks/{frame:05d}.png", data)
                archive.writestr(f"{frame:05d}.png", data)
        self.put(f"{prefix}/masks.zip", packed.getvalue())
        self.put(f"{prefix}/confidence.json", b'{"objects": [1], "frames": []}')
        if "coco" in job.request["outputs"]:
            self.put(f"{prefix}/coco.json", b'{"images": [], "annotations": []}')
        if "overlay" in job.request["outputs"]:
            self.put(f"{prefix}/overlay.mp4", bytes(range(256)) * 8)
        with self.database.session() as session:
            assert lifecycle.succeed(session, job_id, job.attempt, {"frames": frames}, "0" * 64)
        return job

    def empty(self) -> None:
        """Delete all jobs and videos."""
        with self.client() as client:
            for kind in ("jobs", "videos"):
                while found := client.get(f"/{kind}", params={"limit": 200}).json()[kind]:
                    for entry in found:
                        assert client.delete(f"/{kind}/{entry['id']}").status_code == 204

    def files(self) -> list[str]:
        """Everything on disk that came with a request."""
        roots = ("incoming", "uploads", "jobs", "videos")
        # `walk`, unlike `rglob`, takes it well when a folder is removed meanwhile.
        found = (
            Path(folder, name)
            for root in roots
            for folder, folders, files in os.walk(self.settings.data_dir / root)
            for name in folders + files
        )
        # The server's own folder for what comes in, and the locks of it, are always there.
        own = (path for path in found if path.name != "lock" and path.parent.name != "incoming")
        return sorted(str(path.relative_to(self.settings.data_dir)) for path in own)


def make_settings(data_dir: Path, **overrides: Any) -> Settings:
    chosen: dict[str, Any] = {"min_free_bytes": 1 << 20, "reap_seconds": 3600.0, **overrides}
    return load_settings(data_dir=data_dir, **chosen)


@contextmanager
def serve(settings: Settings, patience_seconds: int | None = 2) -> Iterator[Service]:
    """Run the application on a free port; None: at its end it waits for requests for ever."""
    server_redis = EmbeddedRedis(settings.data_dir)
    server_redis.start()
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings)
    server = Server(
        app, uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=patience_seconds)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    database = Database(settings.database_url)
    client = server_redis.address.client()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "a server that has started")
        assert thread.is_alive(), "the server did not start"
        yield Service(
            url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            settings=settings,
            database=database,
            store=ArtifactStore(settings.artifact_url),
            redis=client,
        )
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "the server did not stop"
        client.close()
        database.dispose()
        server_redis.stop()


def mask_bytes(size: tuple[int, int] = SIZE, first: int = 10, object_id: int = 1) -> bytes:
    """An indexed PNG with one object."""
    labels = np.zeros((size[1], size[0]), np.uint8)
    labels[first : first + 20, first : first + 20] = object_id
    return mask_png_bytes(labels)


def form(video: bytes, mask: bytes | None = None, **fields: str) -> dict[str, Any]:
    """Arguments of `client.post` for a segmentation."""
    files = [("video", ("my clip.mp4", video, "video/mp4"))]
    files.append(("mask", ("mask.png", mask or mask_bytes(), "image/png")))
    return {"files": files, "data": fields}


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """The problem document of an error, checked."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    document: dict[str, Any] = response.json()
    assert document["status"] == response.status_code
    assert document["code"].isidentifier()
    assert document["type"] == f"urn:ctvos:problem:{document['code']}"
    assert document["detail"]
    return document


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def frames_zip(names: list[str]) -> bytes:
    """A zip of JPEGs by these names, each of another colour."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for index, name in enumerate(names):
            image = io.BytesIO()
            Image.new("RGB", SIZE, (index * 20, 0, 0)).save(image, "JPEG")
            archive.writestr(name, image.getvalue())
    return packed.getvalue()
