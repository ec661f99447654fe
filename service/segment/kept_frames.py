"""Which frames of a finished job stay valid when masks are added to it."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def kept_frames(
    frame_count: int, given: Sequence[int], corrected: Sequence[int]
) -> list[tuple[int, int]]:
    """Frames that a correction leaves as they are.

    A correction changes the frames up to the nearest given mask on either side: those masks were
    looked at and found good. Where there is a given mask on one side only, its objects were
    carried from there to the correction, and what comes before the correction on that way was
    found good, too. A correction that replaces a given mask changes the frames on both its sides.

    Args:
        frame_count: T.
        given: frames with masks in the job that is corrected, at least one.
        corrected: frames with new masks, at least one.

    Returns:
        First and last frame of each run, both included, ascending.
    """
    confirmed = sorted(set(given) - set(corrected))
    changed = [False] * frame_count
    for frame in corrected:
        before = confirmed[bisect_left(confirmed, frame) - 1 : bisect_left(confirmed, frame)]
        after = confirmed[bisect_right(confirmed, frame) :][:1]
        first = before[0] + 1 if before else 0
        last = after[0] - 1 if after else frame_count - 1
        if frame not in given and before and not after:
            first = frame
        if frame not in given and after and not before:
            last = frame
        changed[first : last + 1] = [True] * (last + 1 - first)
    return _runs([not is_changed for is_changed in changed])


def _runs(kept: list[bool]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index, is_kept in enumerate(kept):
        if is_kept and index > 0 and kept[index - 1]:
            runs[-1] = runs[-1][0], index
        elif is_kept:
            runs.append((index, index))
    return runs
