"""The folder that a segmentation leaves: masks, confidences, and what is made from them."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.results.alpha import AlphaWriter
from ctvos_core.results.masks import LabelMap, read_mask, write_mask
from ctvos_core.results.overlay import draw_overlay
from ctvos_core.results.review import frames_to_review
from ctvos_core.results.rle import CocoWriter
from ctvos_core.video.decode import FrameReader
from ctvos_core.video.encode import VideoWriter
from ctvos_core.video.info import VideoInfo
from ctvos_core.video.outputs import prepare_output_folder, replacing

CONFIDENCE_DECIMALS = 4


class ResultFolder:
    """Where the files of one video's segmentation go, and how each is written.

    `<stem>.png` per frame (indexed, DAVIS palette), `confidence.json`, `overlay.mp4`, `coco.json`,
    `alpha.webm`. The folder is created, and proved to be writable, at once.

    Raises:
        InputError: `output_not_writable`; `output_is_input` when the video would be overwritten or
            its frames mixed with masks.
    """

    def __init__(self, path: str | os.PathLike[str], info: VideoInfo) -> None:
        self.path = Path(path)
        self._info = info
        if info.path.resolve() in (self.path.resolve(), self.overlay_path.resolve()):
            raise InputError(
                "output_is_input",
                f"{self.path}: expected an output folder other than that of the video, "
                f"got one where results would replace or mix with {info.path}",
            )
        prepare_output_folder(self.path)

    @property
    def overlay_path(self) -> Path:
        """The video with masks drawn over it."""
        return self.path / "overlay.mp4"

    @property
    def alpha_path(self) -> Path:
        """The objects cut out."""
        return self.path / "alpha.webm"

    @property
    def coco_path(self) -> Path:
        """The masks as COCO run lengths."""
        return self.path / "coco.json"

    @property
    def confidence_path(self) -> Path:
        """How sure each object of each frame is."""
        return self.path / "confidence.json"

    def mask_path(self, index: int) -> Path:
        """The mask of a frame."""
        return self.path / f"{self._info.stems[index]}.png"

    def write_mask(self, index: int, labels: LabelMap) -> None:
        """Write the mask of a frame, uint8 H x W."""
        write_mask(self.mask_path(index), labels)

    def read_mask(self, index: int) -> LabelMap:
        """The mask of a frame as it was written, uint8 H x W."""
        return read_mask(self.mask_path(index), self._info.size, allow_empty=True)

    def write_confidence(self, ids: Sequence[int], values: NDArray[np.float32]) -> None:
        """Write `confidence.json`, with the frames worth a look.

        Args:
            ids: of the K objects.
            values: [T, K], one column per id, in [0, 1].
        """
        with replacing(self.confidence_path) as temporary, temporary.open("w") as file:
            file.write(f'{{"objects": {json.dumps(list(ids))},\n"frames": [')
            for index, row in enumerate(values.tolist()):
                sure = {
                    str(i): round(v, CONFIDENCE_DECIMALS) for i, v in zip(ids, row, strict=True)
                }
                entry = {
                    "frame": self._info.source_index(index),
                    "name": self._info.stems[index],
                    "confidence": sure,
                }
                file.write((",\n" if index else "\n") + json.dumps(entry))
            review = [self._info.source_index(index) for index in frames_to_review(values)]
            file.write(f'\n],\n"review": {json.dumps(review)}}}\n')

    def write_extras(
        self,
        frames: FrameReader,
        scores: Callable[[int], dict[int, float]],
        *,
        overlay: bool = False,
        coco: bool = False,
        alpha: bool = False,
    ) -> None:
        """Make overlay, COCO file and cut-out from the video and the masks written before.

        Args:
            frames: the video, read once from start to end.
            scores: frame index to confidence by object id.
            overlay, coco, alpha: what to make.
        """
        info = self._info
        with ExitStack() as stack:
            film = rle = cut = None
            if overlay:
                film = stack.enter_context(
                    VideoWriter(
                        self.overlay_path, info.width, info.height, frame_rate=info.frame_rate
                    )
                )
            if coco:
                rle = stack.enter_context(CocoWriter(self.coco_path, info))
            if alpha:
                cut = stack.enter_context(
                    AlphaWriter(
                        self.alpha_path, info.width, info.height, frame_rate=info.frame_rate
                    )
                )
            for frame in frames.frames():
                labels = self.read_mask(frame.index)
                time_seconds = frame.time_seconds - float(info.times[0])
                if film:
                    film.write(draw_overlay(frame.image, labels), time_seconds)
                if rle:
                    rle.add(frame.index, labels, scores(frame.index))
                if cut:
                    cut.write(frame.image, labels, time_seconds)
