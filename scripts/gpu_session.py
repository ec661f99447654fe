"""Makes full use of a GPU that is free for a while: pack here, train in pieces there, evaluate.

    python scripts/gpu_session.py pack session.tar --videos FOOTAGE --eval davis
    (carry session.tar over, unpack it, install with `pip install -e '.[torch]'`, then there:)
    python scripts/gpu_session.py run --minutes 30 --set steps=20000

Footage is decoded into `runs/footage` before packing, so the GPU's machine reads no video. `run`
trains in pieces of under ten minutes, each of which ends with a checkpoint, so that no limit on a
command and no loss of the machine costs more than one piece; called again, it goes on. Where
commands may last no longer than a piece, call `run --minutes 9.5` again and again. The last minutes
are for the evaluation of the model, by every readout if it has a decoder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from ctvos_core.training.footage.scan import build_cache
from ctvos_core.training.run.reports import read_metrics

CACHE, RUN, DATASET = Path("runs/footage"), Path("runs/gpu"), Path("runs/evaluation")
PIECE_MINUTES = 9.0
SHORTEST_PIECE_MINUTES = 1.0


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    packing = commands.add_parser("pack", help="put code, decoded footage and a data set in a file")
    packing.add_argument("file", type=Path)
    packing.add_argument("--videos", type=Path, action="append", required=True)
    packing.add_argument("--eval", type=Path, required=True, help="folder in DAVIS layout")
    packing.set_defaults(call=pack)
    running = commands.add_parser("run", help="train in pieces and evaluate")
    running.add_argument("--minutes", type=float, required=True, help="to be used in all")
    running.add_argument("--evaluation-minutes", type=float, default=3.0)
    running.add_argument("--set", action="append", default=[], help="key=value of ctvos train")
    running.set_defaults(call=run)
    options = parser.parse_args()
    options.call(options)


def pack(options: argparse.Namespace) -> None:
    """Decode footage that is not decoded yet, and write the file."""
    if not (CACHE / "index.json").exists():
        build_cache(options.videos, CACHE, report=print)
    listed = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True)
    with tarfile.open(options.file, "w") as archive:  # JPEG does not compress
        for name in listed.stdout.splitlines():
            archive.add(name)
        archive.add(CACHE)
        archive.add(options.eval, DATASET)
    print(f"{options.file}: {options.file.stat().st_size / 2**20:.0f} MiB")


def run(options: argparse.Namespace) -> None:
    """Train until the time is used up or the run is over, then evaluate."""
    end = time.monotonic() + 60 * (options.minutes - options.evaluation_minutes)
    settings = [part for setting in options.set for part in ("--set", setting)]
    while (left := (end - time.monotonic()) / 60) >= SHORTEST_PIECE_MINUTES:
        train(min(left, PIECE_MINUTES), settings)
        if is_finished():
            break
    evaluate()


def train(minutes: float, settings: list[str]) -> None:
    """One piece."""
    known = ["--resume"] if (RUN / "checkpoint.pt").exists() else []
    folders = ["--videos", str(CACHE), "--cache", str(CACHE), "--out", str(RUN)]
    call("train", *folders, "--minutes", f"{minutes:.2f}", *known, *settings)
    rows = [row for row in read_metrics(RUN / "metrics.jsonl") if "samples_per_second" in row]
    if rows:
        share = rows[-1].get("share_of_peak")
        print(
            f"step {rows[-1]['step']}: {rows[-1]['samples_per_second']} clips and pairs a second, "
            + (f"{share:.1%} of peak FLOP/s" if share else "peak FLOP/s of this device unknown")
        )


def is_finished() -> bool:
    """Whether the model is of the last step."""
    card = json.loads((RUN / "model" / "card.json").read_text())
    return bool(card["training"]["steps"] >= card["training"]["config"]["steps"])


def evaluate() -> None:
    """Score the model as it is now."""
    card = json.loads((RUN / "model" / "card.json").read_text())
    for readout in ("copy", "decoder", "blend") if card["network"]["decoder"] else ("copy",):
        out = RUN / f"evaluation-{readout}"
        call(
            "evaluate", "davis", str(DATASET), "--model", str(RUN / "model"),
            "--readout", readout, "--out", str(out),
        )  # fmt: skip


def call(*arguments: str) -> None:
    """A command of ctvos; what it prints is seen as it comes."""
    subprocess.run([sys.executable, "-m", "ctvos_cli", *arguments], check=True)


if __name__ == "__main__":
    main()
