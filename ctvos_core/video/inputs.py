"""What a segmentation starts from: a video, and masks of some of its frames, checked together."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    def object_ids(self) -> list[int]:
        """The ids that occur in any mask, ascending."""
        return sorted({i for mask in self.masks.values() for i in set(mask.ravel().tolist()) if i})


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
    indices = list(at) or [0] * min(len(masks), 1)
    if not masks or len(indices) != len(masks):
        raise InputError(
            "mask_frames_unmatched",
            f"masks: expected at least one mask and a frame for each, got {len(masks)} masks and "
            f"{len(at)} frames",
        )
    frames = open_frames(video)
    read: dict[int, LabelMap] = {}
    for index, path in zip(indices, masks, strict=True):
        if not 0 <= index < len(frames):
            raise InputError("frame_out_of_range", _range_message(path, index, frames))
        if index in read:
            raise InputError(
                "mask_frame_repeated",
                f"{path}: expected one mask per frame, got another one for frame {index}",
            )
        read[index] = read_mask(path, frames.info.size)
    return SegmentationInputs(frames, read)


def check_apart(video: str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
    """Raise InputError `output_is_input` if files written to `folder` would mix with the video."""
    source, target = Path(video).resolve(), Path(folder).resolve()
    if source == target:
        raise InputError(
            "output_is_input", f"{folder}: expected a folder of its own, got the video's frames"
        )


def _range_message(path: str | os.PathLike[str], index: int, frames: FrameReader) -> str:
    count = len(frames)
    noun = "frame" if count == 1 else "frames"
    return (
        f"{path}: expected a mask of a frame from 0 to {count - 1} ({frames.info.path} has {count} "
        f"{noun}), got frame {index}"
    )
