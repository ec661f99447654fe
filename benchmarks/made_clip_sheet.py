"""What models that were trained with a decoder make of the made clip: a sheet for the documents.

python benchmarks/made_clip_sheet.py OUT.png MODEL [MODEL ...]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from ctvos_core.demo.files import write_demo
from ctvos_core.training.footage.scan import build_cache
from ctvos_core.training.run.batches import Batches
from ctvos_core.training.run.losses import reconstruct
from ctvos_core.training.run.parallel import Workers
from ctvos_core.training.run.pictures import draw
from ctvos_core.training.settings import configure
from ctvos_core.training.views.clips import ClipBatch
from ctvos_core.weights import load_model


def main() -> None:
    """Write the sheet: for each model, a row per clip (see `inspection.draw`)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("models", type=Path, nargs="+", help="folders of models")
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], help="key=value, as in training")
    options = parser.parse_args()
    clips = made_clips(options.clips, options.set)
    rows = []
    for folder in options.models:
        with torch.inference_mode():
            rows.append(draw(clips, reconstruct(load_model(folder).eval(), clips)))
    cv2.imwrite(str(options.out), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def made_clips(count: int, settings: Sequence[str]) -> ClipBatch:
    """Clips of the paper's kind from the made clip, the same at every call."""
    config = configure(["preset=paper", "clips.max_gap=1", *settings])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "videos").mkdir()
        write_demo(folder / "made").video.rename(folder / "videos/clip.mp4")
        cache = build_cache([folder / "videos"], folder / "cache")
        return Batches(cache, config, torch.device("cpu"), Workers()).held_out_clips(count)


if __name__ == "__main__":
    main()
