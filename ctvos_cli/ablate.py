"""`ctvos ablate`: what each part of the method is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.options import Device, Out, torch_required
from ctvos_cli.train import Cache, Settings, StartFrom, Videos


def ablate(
    videos: Videos,
    eval_root: Annotated[
        Path, typer.Option("--eval", help="Folder in DAVIS layout to evaluate on.")
    ],
    out: Out,
    tables: Annotated[
        str | None,
        typer.Option(
            help="Some of 3, 4, 5, 6, 7, size, network, ours, noise, with commas; all by default."
        ),
    ] = None,
    settings: Settings = None,
    sequences: Annotated[
        str | None, typer.Option(help="Names separated by commas; all of them by default.")
    ] = None,
    resolution: Annotated[str, typer.Option(help="Folder of frames and annotations.")] = "480p",
    short_side: Annotated[int, typer.Option(help="Pixels that frames are segmented at.")] = 480,
    cache: Cache = None,
    start_from: StartFrom = None,
    device: Device = "auto",
) -> None:
    """Train the variants of the paper's Tables 3 to 7, and our own, and compare them.

    OUT/ablations.md gets the tables. Interrupted, the same command goes on.
    """
    from ctvos_core.evaluation import DavisDataset, evaluate_davis
    from ctvos_core.video import prepare_output_folder

    with torch_required():
        from ctvos_core.ablations.report import write_ablations
        from ctvos_core.ablations.variants import (
            Readout,
            Scores,
            run_ablations,
            select_tables,
        )
        from ctvos_core.evaluation.propagating import davis_segmenter
        from ctvos_core.network.ctvos import CTVOS
        from ctvos_core.network.devices import select_device
        from ctvos_core.propagation import PropagationConfig

    chosen = select_tables(_names(tables) or [])
    dataset = DavisDataset(eval_root, resolution, _names(sequences))
    used = select_device(device)
    prepare_output_folder(out)

    def evaluate(network: CTVOS, readout: Readout, folder: Path) -> Scores:
        config = PropagationConfig(readout=readout, short_side=short_side)
        result = evaluate_davis(dataset, davis_segmenter(network, config, used), folder)
        return Scores(*(100 * value for value in (result.j_and_f, result.j.mean, result.f.mean)))

    given = settings or []
    outcomes = run_ablations(
        videos, out, chosen, given, used, evaluate, typer.echo, cache, start_from
    )
    evaluated_on = f"{len(dataset)} sequences of {dataset.name} at {short_side} pixels"
    write_ablations(out / "ablations.md", chosen, given, outcomes, evaluated_on, start_from)
    typer.echo(f"{out / 'ablations.md'}: {len(outcomes)} variants")


def _names(listed: str | None) -> list[str] | None:
    return None if listed is None else [name.strip() for name in listed.split(",") if name.strip()]
