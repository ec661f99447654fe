"""Which frames must be looked at when the masks of some are known and stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.propagation.bidirectional import propagation_steps
from ctvos_core.results import LabelMap
from ctvos_core.results.inputs import SegmentationInputs
from ctvos_core.video import FrameReader
from ctvos_core.video.range import ChosenFrames


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames in a row that are to be segmented, with what shows how.

    Attributes:
        frames: the frames themselves, one kept frame on either side if it shows an object that the
            frame beside it was not given, and every other frame with a given mask, which lets an
            object be found again that is out of sight at the ends.
        indices: which frames of the video those are, ascending.
        masks: by position in `frames`: given masks, and those of the kept frames at the ends.
        objects: by position, the ids that each of those masks speaks for.
        wanted: the frames of the video to be segmented.
    """

    frames: FrameReader
    indices: Sequence[int]
    masks: dict[int, LabelMap]
    objects: dict[int, tuple[int, ...]]
    wanted: range

    @property
    def steps(self) -> int:
        """Calls of the network that it takes."""
        return propagation_steps(self.masks, len(self.indices))


def plan(
    inputs: SegmentationInputs, kept: Mapping[int, object], kept_mask: Callable[[int], LabelMap]
) -> list[Stretch]:
    """Divide the frames that are not kept into stretches, in the order of time.

    Args:
        inputs: the video and its given masks.
        kept: frames whose masks are known, as its keys; without any there is a single stretch.
        kept_mask: gives the mask of a kept frame.

    Raises:
        InputError: `no_mask` where nothing tells what a stretch should show.
    """
    whole = range(len(inputs.frames))
    if not kept:
        return [Stretch(inputs.frames, whole, inputs.masks, inputs.objects, whole)]
    rest = [index for index in whole if index not in kept]
    runs = [
        [index for _, index in run]
        for _, run in groupby(enumerate(rest), lambda pair: pair[1] - pair[0])
    ]
    return [_stretch(inputs, kept, kept_mask, range(run[0], run[-1] + 1)) for run in runs]


def _stretch(
    inputs: SegmentationInputs,
    kept: Mapping[int, object],
    kept_mask: Callable[[int], LabelMap],
    wanted: range,
) -> Stretch:
    known, objects = dict(inputs.masks), dict(inputs.objects)
    # What a mask given for the frame beside an end speaks for is not to be had from that end: it
    # was given because the kept mask there is none too good.
    ends = {
        end: objects.get(beside, ())
        for end, beside in ((wanted.start - 1, wanted.start), (wanted.stop, wanted.stop - 1))
        if end in kept
    }
    for index in ends.keys() | (set(known) & set(kept)):
        mask = kept_mask(index)
        if index not in inputs.masks:
            mask = np.where(np.isin(mask, ends[index]), 0, mask)
        if mask.any():
            known[index] = mask
            present = {int(i) for i in np.unique(mask) if i}
            objects[index] = tuple(sorted(present.union(objects.get(index, ()))))
    if not known:
        raise InputError(
            "no_mask",
            f"frames {wanted.start} to {wanted.stop - 1}: expected a mask in them or an object in "
            "a frame beside them, got neither",
        )
    indices = sorted({*wanted, *known})
    positions = {index: position for position, index in enumerate(indices)}
    return Stretch(
        ChosenFrames(inputs.frames, indices),
        indices,
        {positions[index]: mask for index, mask in known.items()},
        {positions[index]: ids for index, ids in objects.items()},
        wanted,
    )
