"""A smaller copy of a DAVIS folder, for comparisons of many models where the whole would take days.

python benchmarks/smaller_davis.py DAVIS_ROOT OUT --sequences dog-agility,surf
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from ctvos_core.evaluation import DavisDataset
from ctvos_core.results import read_mask, write_mask

_JPEG_QUALITY = 95


def main() -> None:
    """Write the first frames of some sequences, thinned and scaled down, as resolution 480p."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sequences", required=True, help="names separated by commas")
    parser.add_argument("--frames", type=int, default=20, help="first frames of each")
    parser.add_argument("--every", type=int, default=2, help="keep one frame of so many")
    parser.add_argument("--short-side", type=int, default=240, help="pixels")
    options = parser.parse_args()
    for sequence in DavisDataset(options.root, sequences=options.sequences.split(",")):
        images, masks = (
            options.out / kind / "480p" / sequence.name for kind in ("JPEGImages", "Annotations")
        )
        images.mkdir(parents=True, exist_ok=True)
        masks.mkdir(parents=True, exist_ok=True)
        scale = options.short_side / min(sequence.size)
        size = round(sequence.size[1] * scale), round(sequence.size[0] * scale)
        kept = slice(0, options.frames, options.every)
        for path in sequence.frame_paths[kept]:
            image = Image.open(path).convert("RGB").resize(size, Image.Resampling.BOX)
            image.save(images / f"{path.stem}.jpg", quality=_JPEG_QUALITY)
        for path in sequence.annotation_paths[kept]:
            labels = Image.fromarray(read_mask(path)).resize(size, Image.Resampling.NEAREST)
            write_mask(masks / path.name, np.asarray(labels))


if __name__ == "__main__":
    main()
