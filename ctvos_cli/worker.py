"""`ctvos worker`: the processes that run jobs."""

from importlib.util import find_spec
from typing import Annotated, Literal

import typer

from ctvos_cli.options import torch_required
from ctvos_cli.settings import DataDir, settings_from

Kind = Annotated[Literal["segment", "train", "webhooks"], typer.Argument(help="Which jobs to run.")]
Gpu = Annotated[int | None, typer.Option(min=0, help="Run a single process, on this GPU.")]


def worker(kind: Kind, gpu: Gpu = None, data_dir: DataDir = None) -> None:
    """Run jobs until told to stop; those at hand then go to another worker.

    There is one process for each GPU, or one on the CPU. Redis and database are those of
    CTVOS_REDIS_URL and CTVOS_DATABASE_URL, or of the data folder.
    """
    settings = settings_from(data_dir=data_dir)
    if kind != "webhooks":
        require_torch()

    from ctvos_cli.supervisor import follow_supervisor
    from worker.main import run_worker

    follow_supervisor()
    raise typer.Exit(run_worker(kind, settings, gpu))


def require_torch() -> None:
    """Raise InputError `torch_missing` where PyTorch is not installed; it is not imported."""
    with torch_required():
        if find_spec("torch") is None:
            raise ModuleNotFoundError(name="torch")
