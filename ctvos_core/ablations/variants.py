"""The paper's ablations (Tables 3 to 7), and those of our additions: what is trained, and how."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.run.reports import read_metrics
from ctvos_core.training.run.train import Report, train
from ctvos_core.training.settings import configure
from ctvos_core.weights import load_model


@dataclass(frozen=True)
class Variant:
    """One row of a table."""

    name: str
    settings: tuple[str, ...] = ()
    """What it changes in the method that the table is about."""


@dataclass(frozen=True)
class Table:
    """Variants to be compared."""

    title: str
    variants: tuple[Variant, ...]


_NO_ZOOM = "clips.zoom_frames=0"
_NO_TAGS = "objective.tagging=0"
TABLES = {
    "3": Table(
        "Components added in turn",
        (
            Variant("reconstruction without cutout", ("objective.cutout=none", _NO_ZOOM)),
            Variant("reconstruction with cutout", (_NO_TAGS, _NO_ZOOM)),
            Variant("+ tagging", (_NO_ZOOM,)),
            Variant("+ zoom-in views"),
        ),
    ),
    "4": Table(
        "Shape of the cutout",
        tuple(
            Variant(shape, (f"objective.cutout={shape}",))
            for shape in ("circle", "triangle", "rectangle", "square")
        ),
    ),
    "5": Table(
        "Pull and push",
        (
            Variant("pull", ("objective.push=false",)),
            Variant("push", ("objective.pull=false",)),
            Variant("pull + push"),
        ),
    ),
    "6": Table(
        "Cross-entropy against tagging",
        (Variant("cross-entropy", ("objective.cross_entropy=true",)), Variant("tagging")),
    ),
    "7": Table(
        "Past frames with zoomed views",
        tuple(Variant(str(n), (f"clips.zoom_frames={n}",)) for n in (1, 3, 5)),
    ),
    "size": Table(
        "Area of the cutout",
        tuple(
            Variant(f"{a:.0%}", (f"objective.cutout_size={a},{a}",)) for a in (0.05, 0.1, 0.25, 0.5)
        ),
    ),
    "network": Table(
        "Additions to the paper's network, one at a time",
        (
            Variant("paper"),
            Variant("shared encoder", ("network.shared_encoder=true",)),
            Variant(
                "cosine similarity",
                ("network.attention.cosine=true", "network.attention.temperature=0.06"),
            ),
            Variant("dot product not scaled", ("network.attention.temperature=1",)),
            Variant("decoder skips", ("network.decoder_skips=true",)),
        ),
    ),
    "ours": Table(
        "Additions to the paper's objective, one at a time",
        (
            Variant("paper"),
            Variant("tags of each clip alone", ("objective.tag_group=clip",)),
            Variant("synthetic motion", ("clips.motion=0.5",)),
            Variant("attached cutout", ("clips.motion=0.5", "objective.scene_attached=true")),
            Variant("mask-like values", ("objective.two_tone_share=0.3",)),
            Variant("mask-like values alone", ("objective.two_tone_share=1",)),
            Variant("copy loss", ("objective.copy=1",)),
            Variant("pseudo-video from photos", ("clips.photo_share=0.3",)),
            Variant("contrastive correspondence", ("pairs.batch=4",)),
            Variant(
                "mask-like values alone, objects pasted in",
                ("objective.two_tone_share=1", "objective.pasted_share=0.5"),
            ),
        ),
    ),
    "noise": Table(
        "The paper's method with other random numbers",
        (Variant("seed 0"), Variant("seed 1", ("seed=1",)), Variant("seed 2", ("seed=2",))),
    ),
}
"""By number in the paper, or by name."""


@dataclass(frozen=True)
class Scores:
    """Of one readout, in percent."""

    j_and_f: float
    j: float
    f: float


Readout = Literal["decoder", "copy"]
READOUTS: tuple[Readout, ...] = ("decoder", "copy")
Evaluate = Callable[[CTVOS, Readout, Path], Scores]
"""Scores a network by a readout, with a folder for the masks."""


@dataclass(frozen=True)
class Outcome:
    """A variant, trained and evaluated."""

    scores: Mapping[str, Scores]
    """By readout."""
    loss: float
    """Mean of the last report."""
    tag_difference: float | None
    """Between the cutout and the rest, on clips that were not trained on; None without cutouts."""
    tag_difference_elsewhere: float | None
    """Likewise, with other clips' cutouts: as large where tags follow the place in the image."""
    picture: Path
    """Reconstructions and tag maps of such clips."""


def select_tables(names: Sequence[str]) -> dict[str, Table]:
    """The tables of these names; all for none.

    Raises:
        InputError: no such table.
    """
    for name in names:
        if name not in TABLES:
            raise InputError(
                "table_unknown", f"tables: expected some of {', '.join(TABLES)}, got {name}"
            )
    return {name: table for name, table in TABLES.items() if not names or name in names}


def run_ablations(
    videos: Sequence[Path],
    out: Path,
    tables: Mapping[str, Table],
    settings: Sequence[str],
    device: torch.device,
    evaluate: Evaluate,
    report: Report = print,
    cache: Path | None = None,
    start_from: str | None = None,
) -> dict[TrainingConfig, Outcome]:
    """Train every variant for as many steps and evaluate it.

    Variants of several tables that are the same are trained once. What is finished in `out` is
    kept, so an interrupted call is continued by another one.

    Args:
        videos: folders of footage.
        out: `out/runs/` gets a folder for each variant, `out/pictures/` a picture.
        tables: see `select_tables`.
        settings: of all variants, such as `steps=500`; they change the preset `paper`.
        device: where to train.
        evaluate: scores a trained network.
        report: called with lines of progress.
        cache: folder of decoded footage; by default `out/cache`.
        start_from: a packaged model's name or a model folder that every variant begins with, as
            far as it has the same parts; None: random weights.

    Returns:
        What became of each configuration; `variant_config` tells which are a variant's.
    """
    outcomes: dict[TrainingConfig, Outcome] = {}
    for number, table in tables.items():
        for place, variant in enumerate(table.variants):
            config = variant_config(variant, settings)
            if config in outcomes:
                continue
            run = out / "runs" / f"{number}-{place}"
            report(f"table {number}, {variant.name}")
            _train(videos, run, config, device, report, cache or out / "cache", start_from)
            scores = _evaluate(run, evaluate, report)
            outcomes[config] = _outcome(run, out / "pictures" / f"{run.name}.png", scores)
    return outcomes


def variant_config(variant: Variant, settings: Sequence[str]) -> TrainingConfig:
    """The configuration of a variant; it has the last word."""
    return configure(["preset=paper", *settings, *variant.settings])


def _train(
    videos: Sequence[Path],
    run: Path,
    config: TrainingConfig,
    device: torch.device,
    report: Report,
    cache: Path,
    start_from: str | None,
) -> None:
    known = run / "config.json"
    if known.exists() and configure((), known) != config:
        raise InputError(
            "run_differs", f"{run}: holds a run with other settings; name another folder"
        )
    if not (run / "model" / "card.json").exists():
        resume = (run / "checkpoint.pt").exists()
        train(videos, run, config, device, resume, report, cache=cache, start_from=start_from)


def _evaluate(run: Path, evaluate: Evaluate, report: Report) -> dict[str, Scores]:
    path = run / "scores.json"
    if not path.exists():
        network = load_model(run / "model")
        scores = {name: evaluate(network, name, run / name) for name in READOUTS}
        report(", ".join(f"{name}: J&F {score.j_and_f:.1f}" for name, score in scores.items()))
        path.write_text(json.dumps({name: asdict(score) for name, score in scores.items()}))
    return {name: Scores(**score) for name, score in json.loads(path.read_text()).items()}


def _outcome(run: Path, picture: Path, scores: Mapping[str, Scores]) -> Outcome:
    rows = read_metrics(run / "metrics.jsonl")
    picture.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(max((run / "pictures").glob("*.png")), picture)
    return Outcome(
        scores=scores,
        loss=next(row["loss"] for row in reversed(rows) if "loss" in row),
        tag_difference=rows[-1].get("tag_difference"),
        tag_difference_elsewhere=rows[-1].get("tag_difference_elsewhere"),
        picture=picture,
    )
