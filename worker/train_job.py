"""A training job: stored footage in, a model in the registry out, continued where it stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import structlog

from ctvos_core.errors import InputError
from ctvos_jobs import events, registry, videos
from ctvos_jobs.requests import TrainingRequest, TrainingResult
from ctvos_jobs.store import ArtifactStore
from worker.context import WorkerContext
from worker.model_cache import find_model, model_files
from worker.outcome import Outcome
from worker.train_process import REFUSED
from worker.watch import JobWatch

_LOOK_SECONDS = 0.2
_STOP_SECONDS = 10
_KEPT = ("checkpoint.pt", "metrics.jsonl")
_log = structlog.get_logger(__name__)


class TrainingError(Exception):
    """The training process ended with an error of its own."""


def train(context: WorkerContext, watch: JobWatch) -> Outcome:
    """Run or continue a training.

    Checkpoint and losses are copied to `jobs/<id>/run` as they are written, so that another attempt
    goes on from there, on this host or another.

    Raises:
        InputError: the request cannot be carried out.
        JobStopped: it is not wanted any longer.
    """
    job, request = watch.job, TrainingRequest.of(watch.job)
    watch.report("fetching", 0, len(request.videos))
    with context.scratch.folder() as scratch:
        folders = _fetch_videos(context, watch, request.videos, scratch / "videos")
        out = scratch / request.name  # the model is named as its folder
        run = _RunFolder(context, watch, out)
        run.restore()
        start_from = _start_from(context, request.resume_from, scratch / "start")
        _run_process(context, watch, run, request.config, folders, start_from)
        watch.report("finishing", 0, None)
        run.store()
        with context.database.session() as session:
            model = registry.register(
                session, context.store, name=request.name, folder=out / "model", job_id=job.id
            )
    result = TrainingResult(model=model.name, digest=model.digest, steps=run.step)
    return Outcome(result, model.digest)


class _RunFolder:
    """The folder of a run here, and its copy in the store."""

    def __init__(self, context: WorkerContext, watch: JobWatch, out: Path) -> None:
        self.path = out
        self.step = 0
        self.steps: int | None = None
        """Known once the process has read its settings."""
        self._context, self._watch = context, watch
        self._prefix = f"jobs/{watch.job.id}/run"
        self._stored: dict[str, tuple[int, int]] = {}
        out.mkdir()

    def restore(self) -> None:
        """Fetch what an earlier attempt left."""
        for name in _KEPT:
            with suppress(FileNotFoundError):
                self._context.store.get_file(f"{self._prefix}/{name}", self.path / name)
                self._stored[name] = _state(self.path / name)

    def store(self) -> None:
        """Copy what has changed."""
        pictures = (f"pictures/{path.name}" for path in self.path.glob("pictures/*.png"))
        for name in (*_KEPT, *pictures):
            path = self.path / name
            if path.exists() and (state := _state(path)) != self._stored.get(name):
                self._watch.check()  # a superseded attempt must not replace a newer one's
                self._context.store.put_file(path, f"{self._prefix}/{name}")
                self._stored[name] = state

    def follow(self, line: str) -> None:
        """Take a line of the training's progress: rows of losses are JSON with a step."""
        try:
            row = json.loads(line)
        except ValueError:
            _log.info("training", line=line)
            return
        if isinstance(row, dict) and "steps" in row:
            self.steps = int(row["steps"])
        elif isinstance(row, dict) and "step" in row:
            self.step = int(row["step"])
            events.publish(self._context.redis, self._watch.job.id, "metrics", row)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _fetch_videos(
    context: WorkerContext, watch: JobWatch, ids: list[str], target: Path
) -> list[Path]:
    """Folders with the footage: in the store where that is on this machine, else copies."""
    folders = []
    for done, video_id in enumerate(ids, 1):
        with context.database.reading() as session:
            video = videos.get_video(session, video_id)
        if video is None:
            raise InputError(
                "video_not_found", f"video {video_id}: expected it in the store, it is deleted"
            )
        folders.append(_video_folder(context.store, video.key, target / video_id))
        watch.report("fetching", done, len(ids))
    return folders


def _video_folder(store: ArtifactStore, key: str, target: Path) -> Path:
    here = store.local_path(key)
    if here is not None:
        return here.parent
    store.get_file(key, target / Path(key).name)
    return target


def _start_from(context: WorkerContext, name: str | None, target: Path) -> str | None:
    """What the model that training begins with is loaded by; None: it begins with nothing."""
    if name is None:
        return None
    return str(model_files(find_model(context.database, name), context.store, target))


def _run_process(
    context: WorkerContext,
    watch: JobWatch,
    run: _RunFolder,
    config: list[str],
    folders: list[Path],
    start_from: str | None,
) -> None:
    job = {
        "videos": [str(folder) for folder in folders],
        "out": str(run.path),
        "config": config,
        "device": context.settings.device,
        "start_from": start_from,
        "parent": os.getpid(),
    }
    lines: list[str] = []
    with _training_process(job) as process:
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        taken = 0
        while process.poll() is None:
            taken = _take(lines, taken, run)
            run.store()
            watch.report("training", run.step, run.steps)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
        reader.join()
        _take(lines, taken, run)
    if process.returncode == REFUSED:
        refusal = json.loads(lines[-1])
        raise InputError(refusal["code"], refusal["message"])
    if process.returncode != 0:
        raise TrainingError(f"exit status {process.returncode}")


def _take(lines: list[str], taken: int, run: _RunFolder) -> int:
    count = len(lines)
    for line in lines[taken:count]:
        run.follow(line)
    return count


def _read(stream: IO[str], lines: list[str]) -> None:
    lines.extend(line.rstrip("\n") for line in stream)  # one by one, as they come


@contextmanager
def _training_process(job: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """The process; it is ended when the block is left, also by an exception."""
    command = [sys.executable, "-m", "worker.train_process"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write(json.dumps(job))
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
