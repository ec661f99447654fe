"""`ctvos train`: weights from unlabelled video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.options import Device, Out, torch_required


def train(
    videos: Annotated[
        list[Path], typer.Option(help="Folder of videos and photos; give it again for more.")
    ],
    out: Out,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value, such as steps=8000 or pairs.max_gap=2."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Continue the run in the folder.")] = False,
    device: Device = "auto",
) -> None:
    """Train the key encoder by dense contrastive correspondence; nothing is labelled."""
    from ctvos_core.video import prepare_output_folder

    with torch_required():
        from ctvos_core.network.devices import select_device
        from ctvos_core.training.run import configure, train

    config = configure(settings or [])
    prepare_output_folder(out)
    card = train(videos, out, config, select_device(device), resume, typer.echo)
    typer.echo(f"{out / 'model'}: {card.parameters / 1e6:.1f} million parameters")
