"""What a segmentation starts from: a video, and masks of some of its frames, checked together."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.results.mask_sets import GivenMask, read_given_masks
from ctvos_core.results.masks import LabelMap
from ctvos_core.video.decode import FrameReader, open_frames


@dataclass(frozen=True, eq=False)
class SegmentationInputs:
    """A video and at least one mask, all of them found good."""

    frames: FrameReader
    masks: dict[int, LabelMap]
    """By frame index: uint8 H x W as large as the video."""
    objects: dict[int, tuple[int, ...]]
    """By frame index: the ids that its mask speaks for, ascending, at least one. Those that are not
    in the mask are known not to be in the frame."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Of objects, by id, where they have any."""
    readings: tuple[str, ...] = ()
    """How each mask was read, a line each, in the order they were given."""

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The ids that any mask speaks for, ascending."""
        return tuple(sorted({i for ids in self.objects.values() for i in ids}))


def read_inputs(
    video: str | os.PathLike[str],
    masks: Sequence[str | os.PathLike[str]],
    at: Sequence[int] = (),
    objects: Sequence[Sequence[int] | None] = (),
    names: Mapping[int, str] | None = None,
) -> SegmentationInputs:
    """Open a video and read its masks.

    Args:
        video: a video file or a folder of frames; a mask that lies in it is no frame.
        masks: mask images, or folders with a mask image for each object, at least one.
        at: the frame index of each mask, in the same order; may be left out for a single mask,
            which then is of frame 0.
        objects: the ids that each mask speaks for, in the same order; None, or all left out: those
            in it.
        names: of objects, by id; by default those of a folder of masks.

    Raises:
        InputError: as `probe`, `read_given_masks` and `spoken_for` do, or with code
            `mask_frames_unmatched` (not one frame per mask), `frame_out_of_range`,
            `mask_frame_repeated` or `object_unknown` (a name for none of the objects).
    """
    indices = [0] if len(masks) == 1 and not at else list(at)
    if not masks or len(indices) != len(masks):
        raise InputError(
            "mask_frames_unmatched",
            f"{video}: expected at least one mask and a frame for each, got masks: {len(masks)}, "
            f"frames: {len(at)}",
        )
    frames = open_frames(video, [Path(mask) for mask in masks])
    for index, path in zip(indices, masks, strict=True):
        if not 0 <= index < len(frames):
            raise InputError(
                "frame_out_of_range",
                f"{path}: expected a mask of a frame from 0 to {len(frames) - 1}, the last of "
                f"{video}, got one of frame {index}",
            )
    for place, index in enumerate(indices):
        if index in indices[:place]:
            raise InputError(
                "mask_frame_repeated",
                f"{masks[place]}: expected one mask per frame, got a second one of frame {index}",
            )
    said = list(objects) or [None] * len(masks)
    given = read_given_masks([Path(mask) for mask in masks], frames.info.size, said)
    read = {index: mask.labels for index, mask in zip(indices, given, strict=True)}
    spoken = {
        index: spoken_for(mask, ids) for index, mask, ids in zip(indices, given, said, strict=True)
    }
    known = {i: name for mask in given for i, name in mask.names.items()} | dict(names or {})
    found = SegmentationInputs(frames, read, spoken, known, tuple(mask.told for mask in given))
    for i in known:
        if i not in found.object_ids and names and i in names:
            raise InputError(
                "object_unknown",
                f"name {known[i]!r}: expected one of the objects {list(found.object_ids)}, got {i}",
            )
    return found


def spoken_for(mask: GivenMask, objects: Sequence[int] | None) -> tuple[int, ...]:
    """The ids that a mask speaks for, ascending.

    Args:
        mask: as it was read.
        objects: those it is said to speak for, whether they are in it or not; None: those in it.

    Raises:
        InputError: `mask_objects_unmatched`, other ids are in it.
    """
    present = {int(i) for i in np.unique(mask.labels) if i}
    if objects is not None and not present <= set(objects):
        raise InputError(
            "mask_objects_unmatched",
            f"{mask.path}: expected only objects {sorted(objects)}, which it is said to speak for, "
            f"got {sorted(present)}",
        )
    return tuple(sorted(present if objects is None else set(objects)))
