"""`ctvos export`: masks that are there already, in the formats of other tools."""

from pathlib import Path
from typing import Annotated

import typer

from ctvos_cli.options import parse_names
from ctvos_cli.progress import new_console, reporting

FORMAT_HELP = (
    "youtube-vis, yolo-seg, mots, cvat, label-studio, labelme, voc, npz, png-rgba, exr or prores; "
    "may be repeated."
)
Premultiplied = Annotated[
    bool,
    typer.Option("--premultiplied", help="Mattes: colours multiplied by alpha, not straight."),
]


def export(
    results: Annotated[Path, typer.Argument(help="A folder that `ctvos segment` wrote.")],
    video: Annotated[Path, typer.Option(help="The video that was segmented.")],
    format: Annotated[list[str], typer.Option("--format", help=FORMAT_HELP)],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the exports.  [default: RESULTS/exports]")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="The label of an object, as in 2=dog; may be repeated."),
    ] = None,
    premultiplied: Premultiplied = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace exports that are there already.")
    ] = False,
) -> None:
    """Write masks in the formats of other tools. Nothing is segmented again."""
    from ctvos_core.exports import ExportOptions, export_results

    console = new_console()
    with reporting(console) as progress:
        written = export_results(
            results,
            video,
            format,
            folder=out,
            names=parse_names(name or []),
            options=ExportOptions(premultiplied=premultiplied),
            overwrite=overwrite,
            progress=progress,
        )
    for path in written:
        console.print(str(path), markup=False, soft_wrap=True)
