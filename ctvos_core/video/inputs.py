"""What a segmentation starts from: a video, and masks of some of its frames, checked together."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.video.decode import FrameReader, open_frames
from ctvos_core.video.masks import LabelMap, read_mask


@dataclass(frozen=True, eq=False)
class SegmentationInputs:
    """A video and at least one mask, all of them found good."""

    frames: FrameReader
    masks: dict[int, LabelMap]
    """By frame index: uint8 H x W as large as the video, with at least one object each."""

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The ids that occur in any mask, ascending."""
        present = np.unique(np.concatenate([np.unique(mask) for mask in self.masks.values()]))
        return tuple(present[present > 0].tolist())


def read_inputs(
    video: str | os.PathLike[str], masks: Sequence[str | os.PathLike[str]], at: Sequence[int] = ()
) -> SegmentationInputs:
    """Open a video and read its masks.

    Args:
        video: a video file or a folder of frames.
        masks: mask images, at least one.
        at: the frame index of each mask, in the same order; may be left out for a single mask,
            which then is of frame 0.

    Raises:
        InputError: as `probe` and `read_mask` do, or with code `mask_frames_unmatched` (not one
            frame per mask), `frame_out_of_range` or `mask_frame_repeated`.
    """
    indices = [0] if len(masks) == 1 and not at else list(at)
    if not masks or len(indices) != len(masks):
        raise InputError(
            "mask_frames_unmatched",
            f"{video}: expected at least one mask and a frame for each, got masks: {len(masks)}, "
            f"frames: {len(at)}",
        )
    frames = open_frames(video)
    read: dict[int, LabelMap] = {}
    for index, path in zip(indices, masks, strict=True):
        if not 0 <= index < len(frames):
            raise InputError(
                "frame_out_of_range",
                f"{path}: expected a mask of a frame from 0 to {len(frames) - 1}, the last of "
                f"{video}, got one of frame {index}",
            )
        if index in read:
            raise InputError(
                "mask_frame_repeated",
                f"{path}: expected one mask per frame, got a second one of frame {index}",
            )
        read[index] = read_mask(path, frames.info.size)
    return SegmentationInputs(frames, read)
