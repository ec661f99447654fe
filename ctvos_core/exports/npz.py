"""NumPy: all label maps in one array."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame


@contextmanager
def npz(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`masks.npz` with these arrays, of T frames and K objects.

    `masks` uint8 [T, H, W] object ids; `ids` uint8 [K]; `names` [K]; `stems` [T] names of frames;
    `times` float64 [T] seconds; `scores` float32 [T, K] confidence, NaN where there is none.
    """
    info = clip.info
    shape = (info.frame_count, info.height, info.width)
    scores = np.full((info.frame_count, len(clip.names)), np.nan, np.float32)
    path = folder / "masks.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("masks.npy", "w", force_zip64=True) as masks:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(masks, header)

            def add(frame: ExportFrame) -> None:
                masks.write(np.ascontiguousarray(frame.labels).tobytes())
                scores[frame.frame.index] = [frame.scores.get(i, np.nan) for i in clip.names]

            yield add
        others = {
            "ids": np.array(list(clip.names), np.uint8),
            "names": np.array(list(clip.names.values()), str),
            "stems": np.array(info.stems, str),
            "times": info.times,
            "scores": scores,
        }
        for name, array in others.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
