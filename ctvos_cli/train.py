"""`ctvos train`: weights from unlabelled video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.options import Device, Out, torch_required

Videos = Annotated[
    list[Path], typer.Option(help="Folder of videos and photos; give it again for more.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="key=value, such as steps=8000 or pairs.max_gap=2."),
]
Cache = Annotated[
    Path | None, typer.Option(help="Folder of decoded footage, made once, shared by runs.")
]
StartFrom = Annotated[
    str | None, typer.Option(help="Begin with the weights of a packaged model or a model folder.")
]


def train(
    videos: Videos,
    out: Out,
    preset: Annotated[
        str | None, typer.Option(help="default or paper: what the settings change.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings as JSON, such as the config.json of a run.")
    ] = None,
    settings: Settings = None,
    resume: Annotated[
        bool, typer.Option(help="Continue the run in the folder, with its settings.")
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(help="Stop after so long, with a checkpoint.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how long and how large the run would be.")
    ] = False,
    cache: Cache = None,
    start_from: StartFrom = None,
    device: Device = "auto",
) -> None:
    """Teach the network from unlabelled videos and photos."""
    from ctvos_core.video import prepare_output_folder

    with torch_required():
        from ctvos_core.network.devices import select_device
        from ctvos_core.training.run.train import configure, estimate, train

    known = out / "config.json"
    if resume and config is None and preset is None and known.exists():
        config = known
    named = [] if preset is None else [f"preset={preset}"]
    chosen = configure([*named, *(settings or [])], config)
    prepare_output_folder(out)
    if dry_run:
        figures = estimate(videos, out, chosen, select_device(device), typer.echo, cache)
        for name, value in figures.items():
            typer.echo(f"{name}: {value:.4g}")
        return
    train(
        videos, out, chosen, select_device(device), resume, typer.echo, minutes, cache, start_from
    )
