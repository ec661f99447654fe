"""A data folder with a real Redis, and real workers on it."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import select, update
from waiting import PATIENCE_SECONDS, wait_until

from ctvos_core.video import VideoWriter
from ctvos_jobs import events, lifecycle
from ctvos_jobs.celery_app import make_celery, send
from ctvos_jobs.database import Database, now
from ctvos_jobs.embedded_redis import EmbeddedRedis
from ctvos_jobs.outbox import Message, Relay
from ctvos_jobs.reaper import Reaper
from ctvos_jobs.requests import MaskInput, SegmentRequest, TrainingRequest, VideoInput
from ctvos_jobs.settings import Settings, load_settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import TERMINAL, Job, new_id

WIDTH, HEIGHT = 64, 48
LONG_FRAMES = 100
"""Some seconds of work: whoever looks at a job in its middle may be late."""

# Leases are as long as usual: on a busy machine a shorter one ends while its worker lives. Tests
# say which worker is lost (`House.lose`). Frames this small gain nothing from threads.
ENVIRONMENT = {
    "CTVOS_LEASE_SECONDS": "60",
    "CTVOS_HEARTBEAT_SECONDS": "0.5",
    "CTVOS_REAP_SECONDS": "0.5",
    "CTVOS_DEVICE": "cpu",
    "OMP_NUM_THREADS": "1",
}


def truth(index: int, shift: int = 0) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    left = 4 + index % 32 + shift
    labels[12:32, left : left + 20] = 1
    return labels


def write_clip(path: Path, frames: int, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """A striped square that moves to and fro over a gradient."""
    rows, columns = np.mgrid[:height, :width]
    with VideoWriter(path, width, height) as video:
        for index in range(frames):
            image = np.stack([rows, columns, rows + columns], -1).astype(np.uint8)
            left = 4 + index % 32
            image[12:32, left : left + 20] = (230, 60, 40)
            image[12:32:4, left : left + 20] = (40, 220, 90)
            video.write(image, index / 25)
    return path


def is_alive(pid: int) -> bool:
    """Whether a process is there and not just waiting to be waited for."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class House:
    """What `ctvos api` runs besides HTTP, in this process, and workers in theirs.

    Args:
        folder: of the data.
        keeps_house: False: nobody but an API, once it is started, sends messages and looks after
            lost jobs.
        settings: other than in `ENVIRONMENT`, as environment variables.
    """

    def __init__(self, folder: Path, keeps_house: bool = True, **settings: str) -> None:
        self._environment = {**ENVIRONMENT, "CTVOS_DATA_DIR": str(folder), **settings}
        names = {name: name.removeprefix("CTVOS_").lower() for name in self._environment}
        self.settings: Settings = load_settings(
            **{names[name]: value for name, value in self._environment.items() if "CTVOS_" in name}
        )
        self.database = Database(self.settings.database_url)
        self.database.migrate()
        self.store = ArtifactStore(self.settings.artifact_url, self.settings.artifact_options)
        self.redis = EmbeddedRedis(folder)
        self.redis.start()
        self.client = self.redis.address.client()
        self._celery = make_celery(self.settings)
        self._relay = Relay(self.database, partial(send, self._celery))
        self._reaper = Reaper(self.database, self.settings, self.store)
        if keeps_house:
            self._relay.start()
            self._reaper.start()
        self._processes: list[subprocess.Popen[bytes]] = []

    def close(self) -> None:
        for process in self._processes:
            self.kill(process)
        self._reaper.stop()
        self._relay.stop()
        self._celery.close()
        self.client.close()
        self.redis.stop()
        self.database.dispose()

    def start_worker(self, kind: str = "segment", **environment: str) -> "subprocess.Popen[bytes]":
        """Start `ctvos worker KIND` as the head of a process group, and wait until it is ready."""
        before = self.processes(kind)
        worker = self._start("worker", kind, **environment)
        wait_until(lambda: self.processes(kind) - before, f"a {kind} worker that tells of itself")
        return worker

    def start_api(self) -> "tuple[subprocess.Popen[bytes], str]":
        """Start `ctvos api` and wait until it answers; returns its address, too."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        api, url = self._start("api", "--port", str(port)), f"http://127.0.0.1:{port}"

        def answers() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"{url}/healthz", trust_env=False).is_success
            return False

        wait_until(answers, "an API that answers")
        return api, url

    def _start(self, *command: str, **environment: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "ctvos_cli", *command],
            env={**os.environ, **self._environment, **environment},
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """kill -9 of a worker and all its processes, or of an API."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for key in self.client.scan_iter("ctvos:worker:*"):
            self.client.delete(key)

    def stop(self, worker: "subprocess.Popen[bytes]") -> int:
        """SIGTERM, as a container is stopped: to the parent process alone."""
        worker.terminate()
        return worker.wait(PATIENCE_SECONDS)

    def processes(self, kind: str = "segment") -> set[int]:
        """Ids of the processes that tell of themselves."""
        keys = self.client.scan_iter(f"ctvos:worker:{kind}:*")
        pids = [self.client.hget(key, "pid") for key in keys]
        return {int(pid) for pid in pids if pid}

    def submit(
        self,
        video: Path,
        mask: Path,
        *,
        at: int = 0,
        more_masks: dict[int, Path] | None = None,
        **changes: Any,
    ) -> str:
        """Queue a segmentation; returns the id of the job."""
        job_id = new_id()
        masks = []
        for frame, path in {at: mask, **(more_masks or {})}.items():
            key = f"jobs/{job_id}/inputs/mask-{frame}.png"
            self.store.put_file(path, key)
            masks.append(MaskInput(key=key, sha256=_sha256(path), frame=frame, objects=[1]))
        key = f"jobs/{job_id}/inputs/video{video.suffix}"
        self.store.put_file(video, key)
        model = changes.pop("model", None)
        request = SegmentRequest(
            video=VideoInput(
                key=key,
                name=video.name,
                sha256=_sha256(video),
                bytes=video.stat().st_size,
                frames=0,
                width=WIDTH,
                height=HEIGHT,
            ),
            masks=masks,
            **changes,
        )
        return self._queue("segment", request, job_id, model)

    def submit_training(
        self, videos: list[str], name: str, config: list[str], resume_from: str | None = None
    ) -> str:
        request = TrainingRequest(videos=videos, config=config, resume_from=resume_from, name=name)
        return self._queue("train", request, new_id(), None)

    def _queue(
        self, kind: str, request: SegmentRequest | TrainingRequest, job_id: str, model: str | None
    ) -> str:
        with self.database.session() as session:
            lifecycle.new_job(
                session,
                kind=kind,  # type: ignore[arg-type]
                request=request.to_row(),
                model=model,
                max_attempts=self.settings.max_attempts,
                job_id=job_id,
            )
        self._relay.poke()
        return job_id

    def send_again(self, job_id: str) -> None:
        """A second message for a job."""
        send(self._celery, Message("segment", "ctvos.segment", (job_id,)))

    def job(self, job_id: str) -> Job:
        with self.database.reading() as session:
            return session.scalars(select(Job).where(Job.id == job_id)).one()

    def wait_for_end(self, job_id: str) -> Job:
        wait_until(lambda: self.job(job_id).status in TERMINAL, "an end of the job")
        return self.job(job_id)

    def wait_for_masks(self, job_id: str, attempt: int = 1, count: int = 2) -> None:
        """Until the job is in the middle: some masks are there."""
        folder = f"jobs/{job_id}/{attempt}/masks"
        wait_until(lambda: len(self.store.children(folder)) >= count, f"masks in {folder}")

    def wait_for_phase(self, job_id: str, phase: str) -> None:
        """Until the worker has told that it is in a phase, however short that is."""

        def is_told() -> bool:
            told = events.read(self.client, job_id)
            return any(e.event == "progress" and e.data["phase"] == phase for e in told)

        wait_until(is_told, f"the phase {phase}")

    def masks(self, job: Job) -> dict[str, bytes]:
        """Names and bytes of the stored masks."""
        prefix = f"jobs/{job.id}/{job.attempt}/masks"
        return {
            name: b"".join(self.store.iter(f"{prefix}/{name}"))
            for name in self.store.children(prefix)
        }

    def holder(self, job_id: str) -> int:
        """Id of the process that runs a job."""
        return int(wait_until(lambda: self.job(job_id).owner, "an owner").rpartition(":")[2])

    def kill_holder(self, job_id: str) -> int:
        """kill -9 of the process that runs a job, and its lease over; returns its id."""
        pid = self.holder(job_id)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid), f"the end of process {pid}")
        self.lose(job_id)
        return pid

    def lose(self, job_id: str) -> None:
        """End the lease of a job whose worker is dead, as if its time had passed."""
        with self.database.session() as session:
            past = now(session) - timedelta(seconds=1)
            held = update(Job).where(Job.id == job_id, Job.status == "running")
            session.execute(held.values(lease_until=past))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
