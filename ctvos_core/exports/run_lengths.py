"""Run lengths as annotation tools have them, row by row."""

import numpy as np
from numpy.typing import NDArray


def runs(values: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the runs of a flat mask, the first of which is of False and may be 0."""
    if not values.size:
        return np.zeros(0, np.int64)
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [values.size]]))
    return np.concatenate([[0], lengths]) if values[0] else lengths


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is True in a mask that is not empty."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def cvat_run_lengths(mask: NDArray[np.bool_]) -> tuple[list[int], tuple[int, int, int, int]]:
    """CVAT's run lengths of a mask, and the box (left, top, width, height) they are of."""
    left, top, width, height = box_of(mask)
    inside = mask[top : top + height, left : left + width]
    return runs(inside.ravel()).tolist(), (left, top, width, height)


def decode_runs(lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The flat mask whose runs these are."""
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)


_WORD_BITS = 8
_LENGTH_BITS = (3, 4, 8, 16)
"""Label Studio's stream says how many bits its lengths have, and each run says which it takes."""


def brush_run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Label Studio's brush format of a mask, bool H x W: bytes of a bit stream of RGBA pixels.

    The stream has the number of values (32 bits), the word's bits less one (5), four lengths' bits
    less one (4 each), and runs: 1, which length (2), the run less one, and the value.
    """
    bits = [f"{mask.size * 4:032b}", f"{_WORD_BITS - 1:05b}"]
    bits += [f"{length - 1:04b}" for length in _LENGTH_BITS]
    for place, run in enumerate((4 * runs(mask.ravel())).tolist()):
        word = "11111111" if place % 2 else "00000000"
        while run:
            piece = min(run, 1 << _LENGTH_BITS[-1])
            which = next(i for i, size in enumerate(_LENGTH_BITS) if piece <= 1 << size)
            bits.append(f"1{which:02b}{piece - 1:0{_LENGTH_BITS[which]}b}{word}")
            run -= piece
    stream = np.frombuffer("".join(bits).encode("ascii"), np.uint8) - ord("0")
    packed: list[int] = np.packbits(stream).tolist()
    return packed
