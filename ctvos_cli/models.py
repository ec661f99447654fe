"""`ctvos models`: the registry of a data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.progress import new_console
from ctvos_cli.settings import DataDir, open_database
from ctvos_core.errors import InputError

app = typer.Typer(help="The models that jobs can use.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The model's name.")]


@app.command("list")
def list_models(data_dir: DataDir = None) -> None:
    """Show all models; jobs that name none use the promoted one."""
    from rich.table import Table

    from ctvos_jobs import registry

    with open_database(data_dir) as (database, _), database.reading() as session:
        models = registry.list_models(session)
    table = Table("name", "digest", "made", "", box=None, pad_edge=False)
    for model in models:
        made = model.created_at.strftime("%Y-%m-%d %H:%M") if model.created_at else "packaged"
        table.add_row(model.name, model.digest[:12], made, "promoted" if model.promoted else "")
    new_console().print(table, markup=False)


@app.command("show")
def show(name: Name, data_dir: DataDir = None) -> None:
    """Print a model's card as JSON."""
    from ctvos_jobs import registry

    with open_database(data_dir) as (database, _), database.reading() as session:
        model = registry.get_model(session, name)
    if model is None:
        raise InputError("model_not_found", f"{name}: expected a model in the registry, got none")
    typer.echo(json.dumps(model.card, indent=2, ensure_ascii=False))


@app.command("import")
def import_model(
    folder: Annotated[Path, typer.Argument(help="Has model.safetensors and card.json.")],
    name: Annotated[str | None, typer.Option(help="By default the folder's name.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add a model, such as one from `ctvos train`."""
    from ctvos_jobs import registry
    from ctvos_jobs.store import ArtifactStore

    with open_database(data_dir) as (database, settings):
        store = ArtifactStore(settings.artifact_url, settings.artifact_options)
        with database.session() as session:
            model = registry.import_model(session, store, folder, name or folder.resolve().name)
    typer.echo(f"{model.name}: {model.digest}")


@app.command("promote")
def promote(name: Name, data_dir: DataDir = None) -> None:
    """Let jobs that name no model use this one from now on."""
    from ctvos_jobs import registry

    with open_database(data_dir) as (database, _), database.session() as session:
        model = registry.promote(session, name)
    typer.echo(f"{model.name}: promoted")
