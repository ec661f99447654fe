"""`ctvos api`: the HTTP interface alone."""

from ctvos_cli.settings import DataDir, Host, Port, settings_from


def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Serve HTTP; workers and Redis run elsewhere. Needs no PyTorch."""
    settings = settings_from(host=host, port=port, data_dir=data_dir)

    from ctvos_cli.supervisor import follow_supervisor
    from ctvos_jobs.logs import configure_logging
    from service.server import run_server

    follow_supervisor()
    configure_logging(settings)
    run_server(settings)
