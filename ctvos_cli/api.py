"""`ctvos api`: the HTTP interface alone."""

from ctvos_cli.settings import DataDir, Host, Port, settings_from

_SHUTDOWN_SECONDS = 10
"""Requests under way get so long to end; streams of events never would."""


def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Serve HTTP; workers and Redis run elsewhere. Needs no PyTorch."""
    settings = settings_from(host=host, port=port, data_dir=data_dir)

    import uvicorn

    from ctvos_cli.supervisor import follow_supervisor
    from ctvos_jobs.logs import configure_logging
    from service.app import create_app

    follow_supervisor()
    configure_logging(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
