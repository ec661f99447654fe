"""J&F of a randomly initialised network in the packaged model's readout: what training adds to.

python benchmarks/untrained.py DAVIS_ROOT [--split FILE]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch
from rich.console import Console

from ctvos_core.evaluation import DavisDataset, evaluate_davis, print_table
from ctvos_core.evaluation.propagating import davis_segmenter
from ctvos_core.network.config import NetworkConfig
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.propagation import PropagationConfig


def main() -> None:
    """Run the benchmark and print the table of scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--split")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    # Random features are compared as they are: a random head would only blur them.
    network = CTVOS(NetworkConfig(key_channels=None, decoder=False))
    dataset = DavisDataset(options.root, split=options.split)
    with tempfile.TemporaryDirectory() as folder:
        segmenter = davis_segmenter(network, PropagationConfig(), "auto")
        print_table(evaluate_davis(dataset, segmenter, Path(folder)), Console())


if __name__ == "__main__":
    main()
