"""`ctvos keys`: who may use the service."""

from __future__ import annotations

from typing import Annotated

import typer

from ctvos_cli.progress import new_console
from ctvos_cli.settings import DataDir, open_database
from ctvos_core.errors import InputError

app = typer.Typer(help="API keys. As soon as there is one, every request needs one.")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, for the list.")],
    admin: Annotated[bool, typer.Option("--admin", help="May see and do everything.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it; it is shown only now."""
    from ctvos_jobs import api_keys

    with open_database(data_dir) as (database, _), database.session() as session:
        _, plaintext = api_keys.create_key(session, name, admin)
    typer.echo(plaintext)


@app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """Show all keys, without their secrets."""
    from rich.table import Table

    from ctvos_jobs import api_keys

    table = Table("id", "name", "made", "", box=None, pad_edge=False)
    with open_database(data_dir) as (database, _), database.reading() as session:
        for key in api_keys.list_keys(session):
            state = "revoked" if key.revoked_at else "admin" if key.admin else ""
            table.add_row(key.id, key.name, key.created_at.strftime("%Y-%m-%d %H:%M"), state)
    new_console().print(table, markup=False)


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `ctvos keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key worthless."""
    from ctvos_jobs import api_keys

    with open_database(data_dir) as (database, _), database.session() as session:
        if not api_keys.revoke_key(session, key_id):
            raise InputError("key_not_found", f"{key_id}: expected the id of a key, got none")
    typer.echo(f"{key_id}: revoked")
