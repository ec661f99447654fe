"""What a segmentation starts from: a video, and masks of some of its frames, checked together."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.results.annotations import is_annotation_file, read_annotations
from ctvos_core.results.mask_sets import GivenMask, read_given_masks
from ctvos_core.results.masks import LabelMap
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
    wanted: FrameRange | None = None,
) -> SegmentationInputs:
    """Open a video and read its masks.

    Args:
        video: a video file or a folder of frames; a mask that lies in it is no frame.
        masks: mask images, or folders with a mask image for each object, at least one; or files of
            annotations, see `read_annotations`, whose frames are those that they tell where `at`
            is left out.
        at: the frame of the video that each mask is of, in the same order; may be left out for a
            single mask, which then is of the first wanted frame.
        objects: the ids that each mask speaks for, in the same order; None, or all left out: those
            in it.
        names: of objects, by id; by default those of a folder of masks, or of annotations.
        wanted: the frames to be segmented, which masks must be of; by default all.

    Raises:
        InputError: as `probe`, `FrameRange.indices`, `read_given_masks`, `read_annotations` and
            `spoken_for` do, or with code `mask_frames_unmatched` (not one frame per mask),
            `frame_out_of_range`, `frame_not_wanted`, `mask_frame_repeated` or `object_unknown` (a
            name for none of the objects).
    """
    wanted = wanted or FrameRange()
    if masks and all(map(is_annotation_file, masks)):
        return _annotated(video, masks, at, wanted, names)
    indices = [wanted.start] if len(masks) == 1 and not at else list(at)
    if not masks or len(indices) != len(masks):
        raise InputError(
            "mask_frames_unmatched",
            f"{video}: expected at least one mask and a frame for each, got masks: {len(masks)}, "
            f"frames: {len(at)}",
        )
    whole = open_frames(video, [Path(mask) for mask in masks])
    chosen = wanted.indices(len(whole))
    for index, path in zip(indices, masks, strict=True):
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
    for place, index in enumerate(indices):
        if index in indices[:place]:
            raise InputError(
                "mask_frame_repeated",
                f"{masks[place]}: expected one mask per frame, got a second one of frame {index}",
            )
    said = list(objects) or [None] * len(masks)
    given = read_given_masks([Path(mask) for mask in masks], whole.info.size, said)
    places = [chosen.index(index) for index in indices]
    read = {place: mask.labels for place, mask in zip(places, given, strict=True)}
    spoken = {
        place: spoken_for(mask, ids) for place, mask, ids in zip(places, given, said, strict=True)
    }
    known = {i: name for mask in given for i, name in mask.names.items()} | dict(names or {})
    readings = tuple(mask.told for mask in given)
    return _named(chosen_frames(whole, chosen), read, spoken, known, readings, names)


def _annotated(
    video: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    at: Sequence[int],
    wanted: FrameRange,
    names: Mapping[int, str] | None,
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
    known = {**found.names, **(names or {})}
    return _named(chosen_frames(whole, chosen), masks, objects, known, (), names)


def _named(
    frames: FrameReader,
    masks: dict[int, LabelMap],
    spoken: dict[int, tuple[int, ...]],
    known: Mapping[int, str],
    readings: tuple[str, ...],
    asked: Mapping[int, str] | None,
) -> SegmentationInputs:
    """The inputs, once every name that was asked for is found to be of an object."""
    found = SegmentationInputs(frames, masks, spoken, known, readings)
    for i, name in (asked or {}).items():
        if i not in found.object_ids:
            raise InputError(
                "object_unknown",
                f"name {name!r}: expected one of the objects {list(found.object_ids)}, got {i}",
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
