"""`ctvos evaluate`: benchmark scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctvos_cli.options import Adapt, Device, Model, Out, Readout, load
from ctvos_cli.progress import new_console, reporting

if TYPE_CHECKING:
    from rich.console import Console

    from ctvos_core.evaluation.report import Result

app = typer.Typer(help="Segment a benchmark and score the masks.", no_args_is_help=False)

Root = Annotated[Path, typer.Argument(help="The dataset's folder.")]
Sequences = Annotated[
    str | None, typer.Option(help="Names separated by commas; all of them by default.")
]


@app.command("davis")
def davis(
    root: Root,
    out: Out,
    sequences: Sequences = None,
    split: Annotated[
        str | None,
        typer.Option(help="A file with a name per line, or one of ImageSets, such as 2017/val."),
    ] = None,
    resolution: Annotated[str, typer.Option(help="Folder of frames and annotations.")] = "480p",
    model: Model = "default",
    device: Device = "auto",
    readout: Readout = None,
    adapt: Adapt = False,
) -> None:
    """Score on a dataset in DAVIS layout: J, F and J&F, as the official evaluation does.

    ROOT holds JPEGImages/RESOLUTION and Annotations/RESOLUTION.
    """
    from ctvos_core.evaluation import DavisDataset, evaluate_davis
    from ctvos_core.video import prepare_output_folder

    dataset = DavisDataset(root, resolution, _names(sequences), split)
    prepare_output_folder(out)
    network, card, config = load(model, device, readout)

    from ctvos_core.evaluation.propagating import davis_segmenter, run_settings

    console = new_console()
    with reporting(console) as progress:
        segmenter = davis_segmenter(network, config, device, adapt)
        result = evaluate_davis(dataset, segmenter, out, progress)
    _report(result, out, run_settings(card, config, device, adapt), console)


@app.command("youtube-vos")
def youtube_vos(
    root: Root,
    out: Out,
    sequences: Sequences = None,
    model: Model = "default",
    device: Device = "auto",
    readout: Readout = None,
) -> None:
    """Write the submission for a dataset in YouTube-VOS layout; score it where masks exist.

    ROOT holds meta.json, JPEGImages and Annotations.
    """
    from ctvos_core.evaluation import YoutubeVosDataset, evaluate_youtube_vos
    from ctvos_core.video import prepare_output_folder

    dataset = YoutubeVosDataset(root, _names(sequences))
    prepare_output_folder(out)
    network, card, config = load(model, device, readout)

    from ctvos_core.evaluation.propagating import run_settings, youtube_vos_segmenter

    console = new_console()
    with reporting(console) as progress:
        segmenter = youtube_vos_segmenter(network, config, device)
        result = evaluate_youtube_vos(dataset, segmenter, out, progress)
    _report(result, out, run_settings(card, config, device), console)


def _names(listed: str | None) -> list[str] | None:
    return None if listed is None else [name.strip() for name in listed.split(",") if name.strip()]


def _report(result: Result, out: Path, settings: dict[str, Any], console: Console) -> None:
    from ctvos_core.evaluation import print_table, write_csv, write_json

    write_csv(result, out / "results.csv")
    write_json(result, out / "results.json", settings)
    print_table(result, console)
