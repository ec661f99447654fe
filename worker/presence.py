"""What a worker process tells of itself: a hash in Redis that expires unless it is renewed."""

from __future__ import annotations

import os
import threading
from typing import Any

import redis
import structlog

from worker import job_memory

EVERY_SECONDS = 10
EXPIRY_SECONDS = 30
_log = structlog.get_logger(__name__)


class Presence:
    """Renews `ctvos:worker:<kind>:<name>` on a thread.

    Fields: `pid`, `kind`, `device` (`cpu` or `cuda:0`), `gpu` (as the driver names it, or empty),
    `gpu_memory_used_bytes` and `gpu_memory_total_bytes` once the GPU is in use, and `job`, the id
    of the job at hand or empty.

    Args:
        client: of the Redis.
        kind: `segment`, `train` or `webhooks`.
        name: unlike that of any other process.
        gpu: None: the CPU.
    """

    def __init__(self, client: redis.Redis, kind: str, name: str, gpu: str | None) -> None:
        self._redis = client
        self._key = f"ctvos:worker:{kind}:{name}"
        device = "cuda:0" if gpu else "cpu"
        self._facts = {"pid": str(os.getpid()), "kind": kind, "device": device, "gpu": gpu or ""}
        self._job = ""
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def busy_with(self, job_id: str | None) -> None:
        """Tell which job is at hand; None: none."""
        self._job = job_id or ""
        self._changed.set()

    def stop(self) -> None:
        """Stop, and take the key away."""
        self._stopping = True
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._tell()
            self._changed.wait(EVERY_SECONDS)
            self._changed.clear()
        try:
            self._redis.delete(self._key)
        except redis.RedisError as error:
            _log.warning("presence_not_removed", error=str(error))

    def _tell(self) -> None:
        fields: dict[Any, Any] = {**self._facts, "job": self._job}
        if (usage := job_memory.gpu_usage()) is not None:
            fields["gpu_memory_used_bytes"], fields["gpu_memory_total_bytes"] = map(str, usage)
        try:
            with self._redis.pipeline() as pipe:
                pipe.hset(self._key, mapping=fields)
                pipe.expire(self._key, EXPIRY_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            _log.warning("presence_not_told", error=str(error))
