"""`ctvos serve`: everything on one machine."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from ctvos_cli.settings import DataDir, Host, Port, settings_from
from ctvos_cli.worker import require_torch
from ctvos_core.errors import InputError

if TYPE_CHECKING:
    from ctvos_jobs.settings import Settings


def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the service: HTTP interface, workers, and Redis if none is named. Ctrl-C stops it all.

    Jobs that run when it stops go on at the next start.
    """
    settings = settings_from(host=host, port=port, data_dir=data_dir)
    require_torch()

    from ctvos_cli.supervisor import Supervisor
    from ctvos_jobs.database import Database
    from ctvos_jobs.embedded_redis import EmbeddedRedis
    from ctvos_jobs.logs import configure_logging

    configure_logging(settings)
    _require_free(settings)
    supervisor = Supervisor(_commands(settings))
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: supervisor.stop())
    with ExitStack() as stack:
        if settings.redis_url is None:
            redis = EmbeddedRedis(settings.data_dir)
            redis.start()
            stack.callback(redis.stop)
        database = Database(settings.database_url)
        database.migrate()  # once, rather than by every child at its start
        database.dispose()
        stack.callback(supervisor.shut_down)
        supervisor.start()
        threading.Thread(target=_announce, args=(settings,), daemon=True).start()
        supervisor.run()


def _commands(settings: Settings) -> list[list[str]]:
    commands = [["api"], ["worker", "webhooks"]]
    if settings.segment_workers != 0:
        commands.append(["worker", "segment"])
    if settings.train_workers != 0:
        commands.append(["worker", "train"])
    return commands


def _require_free(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise InputError(
                "address_in_use",
                f"{settings.host}:{settings.port}: expected an address to listen on: "
                f"{error.strerror}",
            ) from error


def _announce(settings: Settings) -> None:
    """Print the address once it answers."""
    import httpx

    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    url = f"http://{host}:{settings.port}"
    while True:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).is_success:
                typer.echo(f"ctvos: {url}")
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
