"""Whether confidence tells good masks from bad ones, on a folder in DAVIS layout.

python benchmarks/confidence.py DAVIS_ROOT [--split FILE] [--resolution 480p]

Carries the first annotation of each sequence forward, and compares the confidence of each object in
each later frame with its J.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from ctvos_core.evaluation import DavisDataset
from ctvos_core.evaluation.davis import DavisSequence
from ctvos_core.evaluation.layouts import read_annotation
from ctvos_core.evaluation.metrics import region_similarity
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.propagation import segment_video
from ctvos_core.results.review import DOUBTFUL_BELOW, frames_to_review
from ctvos_core.video import open_frames
from ctvos_core.weights import load_model

BAD_BELOW = 0.5


class Measured(NamedTuple):
    """One sequence without its first frame: T frames, K objects."""

    name: str
    confidence: NDArray[np.float32]
    """[T, K]."""
    j: NDArray[np.float64]
    """[T, K]."""


def main() -> None:
    """Run the benchmark and print what it finds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--split")
    parser.add_argument("--resolution", default="480p")
    parser.add_argument("--model", default="default")
    options = parser.parse_args()
    model = load_model(options.model)
    dataset = DavisDataset(options.root, options.resolution, split=options.split)
    found = [measure(model, sequence) for sequence in track(dataset, "propagating")]
    confidence = np.concatenate([one.confidence.ravel() for one in found])
    j = np.concatenate([one.j.ravel() for one in found])
    is_bad, is_flagged = j < BAD_BELOW, confidence < DOUBTFUL_BELOW
    print(f"{len(j)} masks of {len(found)} sequences, {is_bad.mean():.1%} with J < {BAD_BELOW}")
    print(f"AUROC of confidence for J < {BAD_BELOW}: {auroc(confidence, is_bad):.3f}")
    within = [
        auroc(one.confidence.ravel(), one.j.ravel() < BAD_BELOW)
        for one in found
        if 0 < (one.j < BAD_BELOW).mean() < 1
    ]
    print(f"the same within a sequence, mean over {len(within)}: {np.mean(within):.3f}")
    _compare(f"confidence < {DOUBTFUL_BELOW}", j, is_flagged)
    in_review = np.concatenate([_reviewed(one).ravel() for one in found])
    _compare("in review", j, in_review)


def measure(model: CTVOS, sequence: DavisSequence) -> Measured:
    """Propagate a sequence, and score every frame but the first."""
    ids = sequence.object_ids
    confidence, j = [], []
    frames = open_frames(sequence.frame_paths[0].parent)
    for index, found in segment_video(model, frames, {0: sequence.first_mask}):
        if index > 0:
            truth = read_annotation(sequence.annotation_paths[index], sequence.size)
            confidence.append([found.confidence.get(i, 0) for i in ids])
            j.append([region_similarity(found.labels == i, truth == i) for i in ids])
    return Measured(sequence.name, np.array(confidence, np.float32), np.array(j))


def auroc(confidence: NDArray[np.float32], is_bad: NDArray[np.bool_]) -> float:
    """How often a bad mask has a lower confidence than a good one; ties count half."""
    bad, good = confidence[is_bad][:, None], confidence[~is_bad][None]
    return float((bad < good).mean() + (bad == good).mean() / 2)


def _reviewed(one: Measured) -> NDArray[np.bool_]:
    chosen = np.zeros(one.j.shape, bool)
    chosen[frames_to_review(one.confidence)] = True
    return chosen


def _compare(name: str, j: NDArray[np.float64], chosen: NDArray[np.bool_]) -> None:
    recall = chosen[j < BAD_BELOW].mean()
    print(
        f"{name}: {chosen.mean():.1%} of the masks, mean J {j[chosen].mean():.3f}, of the others "
        f"{j[~chosen].mean():.3f}; {recall:.0%} of those with J < {BAD_BELOW}"
    )


if __name__ == "__main__":
    main()
