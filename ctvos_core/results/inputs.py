"""What a segmentation starts from: a video, and masks of some of its frames, checked together."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.results.annotations import is_annotation_file, read_annotations
from ctvos_core.results.masks import LabelMap, read_mask
from ctvos_core.video.decode import FrameReader, open_frames
from ctvos_core.video.range import FrameRange, chosen_frames


@dataclass(frozen=True, eq=False)
class SegmentationInputs:
    """A video and at least one mask, all of them found good."""

    frames: FrameReader
    masks: dict[int, LabelMap]
    """By frame index: uint8 H x W as large as the video."""
    objects: dict[int, tuple[int, ...]]
    """By frame index: the ids that its mask speaks for, ascending, at least one. Those that are not
    in the mask are known not to be in the frame."""

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The ids that any mask speaks for, ascending."""
        return tuple(sorted({i for ids in self.objects.values() for i in ids}))


def read_inputs(
    video: str | os.PathLike[str],
    masks: Sequence[str | os.PathLike[str]],
    at: Sequence[int] = (),
    objects: Sequence[Sequence[int] | None] = (),
    wanted: FrameRange | None = None,
) -> SegmentationInputs:
    """Open a video and read its masks.

    Args:
        video: a video file or a folder of frames.
        masks: mask images, at least one; or files of annotations, see `read_annotations`, whose
            frames are those that they tell where `at` is left out.
        at: the frame of the video that each mask is of, in the same order; may be left out for a
            single mask, which then is of the first wanted frame.
        objects: the ids that each mask speaks for, in the same order; None, or all left out: those
            in it.
        wanted: the frames to be segmented, which masks must be of; by default all.

    Raises:
        InputError: as `probe`, `FrameRange.indices` and `read_mask_of` do, or with code
            `mask_frames_unmatched` (not one frame per mask), `frame_out_of_range`,
            `frame_not_wanted` or `mask_frame_repeated`.
    """
    wanted = wanted or FrameRange()
    if masks and all(map(is_annotation_file, masks)):
        return _annotated(video, masks, at, wanted)
    indices = [wanted.start] if len(masks) == 1 and not at else list(at)
    if not masks or len(indices) != len(masks):
        raise InputError(
            "mask_frames_unmatched",
            f"{video}: expected at least one mask and a frame for each, got masks: {len(masks)}, "
            f"frames: {len(at)}",
        )
    whole = open_frames(video)
    chosen = wanted.indices(len(whole))
    frames = chosen_frames(whole, chosen)
    read: dict[int, LabelMap] = {}
    named: dict[int, tuple[int, ...]] = {}
    for index, path, ids in zip(indices, masks, objects or [None] * len(masks), strict=True):
        if not 0 <= index < len(whole):
            raise InputError(
                "frame_out_of_range",
                f"{path}: expected a mask of a frame from 0 to {len(whole) - 1}, the last of "
                f"{video}, got one of frame {index}",
            )
        if index not in chosen:
            raise InputError(
                "frame_not_wanted",
                f"{path}: expected a mask of a frame that is to be segmented, of {chosen[0]} to "
                f"{chosen[-1]} in steps of {chosen.step}, got one of frame {index}",
            )
        place = chosen.index(index)
        if place in read:
            raise InputError(
                "mask_frame_repeated",
                f"{path}: expected one mask per frame, got a second one of frame {index}",
            )
        read[place], named[place] = read_mask_of(path, frames.info.size, ids)
    return SegmentationInputs(frames, read, named)


def _annotated(
    video: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    at: Sequence[int],
    wanted: FrameRange,
) -> SegmentationInputs:
    if at and len(at) != len(files):
        raise InputError(
            "mask_frames_unmatched",
            f"{video}: expected a frame for each of {len(files)} files of annotations, or none, "
            f"got {len(at)}",
        )
    whole = open_frames(video)
    chosen = wanted.indices(len(whole))
    found = read_annotations(files, whole.info, at)
    masks = {
        chosen.index(index): labels for index, labels in found.masks.items() if index in chosen
    }
    if not masks:
        raise InputError(
            "frame_not_wanted",
            f"{files[0]}: expected annotations of a frame that is to be segmented, of {chosen[0]} "
            f"to {chosen[-1]} in steps of {chosen.step}, got some of {sorted(found.masks)}",
        )
    objects = {
        place: tuple(int(i) for i in np.unique(labels) if i) for place, labels in masks.items()
    }
    return SegmentationInputs(chosen_frames(whole, chosen), masks, objects)


def read_mask_of(
    path: str | os.PathLike[str], size: tuple[int, int], objects: Sequence[int] | None
) -> tuple[LabelMap, tuple[int, ...]]:
    """A mask and the ids that it speaks for, ascending.

    Args:
        path: of a PNG.
        size: width, height.
        objects: ids that it speaks for, whether they are in it or not; None: those in it.

    Raises:
        InputError: as `read_mask`, or with code `mask_objects_unmatched` (other ids are in it).
    """
    labels = read_mask(path, size, allow_empty=bool(objects))
    present = {int(i) for i in np.unique(labels) if i}
    if objects is not None and not present <= set(objects):
        raise InputError(
            "mask_objects_unmatched",
            f"{path}: expected only objects {sorted(objects)}, which it is said to speak for, got "
            f"{sorted(present)}",
        )
    return labels, tuple(sorted(present if objects is None else set(objects)))
