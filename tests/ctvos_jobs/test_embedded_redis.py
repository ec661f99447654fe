"""The private Redis: keeps its data, comes back when killed, is found by others."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from ctvos_core.errors import InputError
from ctvos_jobs.embedded_redis import EmbeddedRedis, RedisAddress
from ctvos_jobs.settings import Settings, load_settings

START_AND_HANG = """
import sys, time
from pathlib import Path
from ctvos_jobs.embedded_redis import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]))
server.start()
server.address.client().set("kept", "yes")
print(server.pid, flush=True)
time.sleep(600)
"""


def wait_for(server: EmbeddedRedis, other_than: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.pid not in (None, other_than):
            try:
                server.address.client().ping()
                return
            except redis.RedisError:
                pass
        time.sleep(0.02)
    raise AssertionError("expected Redis to be back within 20 s")


def test_a_second_start_finds_the_data(tmp_path: Path) -> None:
    for expected in (None, b"yes"):
        server = EmbeddedRedis(tmp_path)
        server.start()
        try:
            client = server.address.client()
            assert client.get("kept") == expected
            client.set("kept", "yes")
        finally:
            server.stop()
    assert server.pid is None
    with pytest.raises(redis.ConnectionError):
        server.address.client().ping()


def test_killed_it_comes_back_with_its_data(redis_server: EmbeddedRedis) -> None:
    redis_server.address.client().set("kept", "yes")
    pid = redis_server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(redis_server, other_than=pid)
    assert redis_server.address.client().get("kept") == b"yes"


def test_only_one_uses_a_data_folder(redis_server: EmbeddedRedis, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        EmbeddedRedis(tmp_path / "data").start()
    assert caught.value.code == "data_dir_in_use"
    assert redis_server.address.client().ping(), "the first is not disturbed"


def test_a_server_whose_parent_was_killed_is_replaced(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_HANG, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    server = EmbeddedRedis(tmp_path)
    server.start()
    try:
        assert server.pid != orphan
        client = server.address.client()
        assert client.get("kept") == b"yes"
        assert client.info("server")["process_id"] == server.pid
    finally:
        server.stop()


def test_long_paths_get_a_short_socket(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30)
    server = EmbeddedRedis(data_dir)
    server.start()
    try:
        assert len(server.redis_url) < 120
        # Workers find it by the data folder alone.
        address = RedisAddress.from_settings(load_settings(data_dir=data_dir))
        assert address.client().ping()
    finally:
        server.stop()


def test_its_socket_and_folder_are_private(redis_server: EmbeddedRedis) -> None:
    socket = Path(redis_server.redis_url.removeprefix("unix://"))
    assert socket.stat().st_mode & 0o077 == 0
    assert socket.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("url", "redis_url", "celery_url"),
    [
        ("redis://:pw@redis:6379/2", "redis://:pw@redis:6379/2", "redis://:pw@redis:6379/2"),
        ("unix:///run/r.sock", "unix:///run/r.sock", "redis+socket:///run/r.sock"),
        ("redis+socket:///run/r.sock", "unix:///run/r.sock", "redis+socket:///run/r.sock"),
    ],
)
def test_addresses(settings: Settings, url: str, redis_url: str, celery_url: str) -> None:
    address = RedisAddress.from_settings(load_settings(redis_url=url))
    assert (address.redis_url, address.celery_url) == (redis_url, celery_url)
    assert "pw" not in repr(address)
