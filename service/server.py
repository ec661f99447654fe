"""The application as a server of its own."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from ctvos_jobs.settings import Settings
from service.app import create_app

_SHUTDOWN_SECONDS = 10
"""Requests under way get so long to end."""


class Server(uvicorn.Server):
    """Tells streams of events, which have no end of their own, to end when it does."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server.shutdown`."""
        self._app.state.context.stopping.set()
        await super().shutdown(sockets)


def run_server(settings: Settings) -> None:
    """Serve on the address of the settings until SIGINT or SIGTERM."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = Server(app, config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)
