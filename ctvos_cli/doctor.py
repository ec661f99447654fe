"""`ctvos doctor`: whether all that jobs need works here, and what to do where it does not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ctvos_cli.progress import new_console
from ctvos_cli.settings import DataDir, settings_from

if TYPE_CHECKING:
    from ctvos_cli.checks.finding import Finding

FAILED = 1
_STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}

Json = Annotated[bool, typer.Option("--json", help="Print a list of objects instead of a table.")]


def doctor(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Look at GPU, torch, codecs, disk, Redis, database, clock and store, and run the network.

    Exit code 0: all works, perhaps with warnings; 1: something failed; 2: the settings are wrong.
    """
    settings = settings_from(data_dir=data_dir)

    from ctvos_cli.checks.compute import examine_compute
    from ctvos_cli.checks.stores import examine_stores

    findings = examine_compute(settings.device) + examine_stores(settings)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    raise typer.Exit(FAILED if any(f.verdict == "failed" for f in findings) else 0)


def _print(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "verdict", "found", "remedy", box=None, pad_edge=False)
    for finding in findings:
        verdict = Text(finding.verdict, style=_STYLES[finding.verdict])
        table.add_row(finding.name, verdict, Text(finding.found), Text(finding.remedy))
    new_console().print(table)
