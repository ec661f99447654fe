"""The `ctvos` command and its subcommands."""

import typer

from ctvos_cli import demo, evaluate, segment, train
from ctvos_cli.errors import OneLineErrors

app = typer.Typer(
    cls=OneLineErrors,
    help="Video object segmentation: one mask in, a mask for every frame out.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("segment")(segment.segment)
app.add_typer(evaluate.app, name="evaluate")
app.command("train")(train.train)
app.command("demo")(demo.demo)


def run() -> None:
    """Entry point."""
    app(prog_name="ctvos")
