"""The `ctvos` command and its subcommands."""

import typer

from ctvos_cli import (
    ablate,
    api,
    backup,
    bench,
    config,
    demo,
    doctor,
    evaluate,
    export,
    keys,
    models,
    segment,
    serve,
    submit,
    train,
    worker,
)
from ctvos_cli.errors import OneLineErrors

app = typer.Typer(
    cls=OneLineErrors,
    help="Video object segmentation: one mask in, a mask for every frame out.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("segment")(segment.segment)
app.command("export")(export.export)
app.add_typer(evaluate.app, name="evaluate")
app.command("train")(train.train)
app.command("ablate")(ablate.ablate)
app.command("demo")(demo.demo)
app.command("bench")(bench.bench)
app.command("serve")(serve.serve)
app.command("api")(api.api)
app.command("worker")(worker.worker)
app.command("submit")(submit.submit)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.command("config")(config.config)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)


def run() -> None:
    """Entry point."""
    app(prog_name="ctvos")
