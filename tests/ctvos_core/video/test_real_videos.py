"""Real clips and DAVIS masks, where the development data lies beside the checkout."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctvos_core.results import mask_png_bytes, read_mask
from ctvos_core.video import open_frames, probe

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="no development data beside the checkout"),
]
EVERY = 60


def clips():
    listing = DATA / "unlabelled" / "INDEX.tsv"
    if not listing.is_file():
        return []
    with listing.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))[::EVERY]


@pytest.mark.parametrize("row", clips(), ids=lambda row: row["path"])
def test_probe_agrees_with_decoding(row):
    info = probe(DATA / "unlabelled" / row["path"])
    assert info.frame_count == int(row["frames"])
    assert info.size == (int(row["width"]), int(row["height"]))
    with open_frames(info.path) as reader:
        assert sum(1 for _ in reader.frames()) == info.frame_count
        last = reader.frame(len(reader) - 1)
        assert np.array_equal(next(reader.frames_reversed()).image, last.image)


def test_davis_masks():
    folders = sorted((DATA / "davis-dev" / "Annotations" / "480p").iterdir())
    for folder in folders:
        info = probe(DATA / "davis-dev" / "JPEGImages" / "480p" / folder.name)
        path = folder / f"{info.stems[0]}.png"
        labels = read_mask(path, info.size)
        with Image.open(path) as image:
            np.testing.assert_array_equal(labels, np.asarray(image))
        assert len(mask_png_bytes(labels)) < 20_000
