"""The folder that a segmentation leaves: masks, confidences, and what is made from them."""

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.results.extra_files import FILES
from ctvos_core.results.mask_reader import read_mask
from ctvos_core.results.masks import MAKER, LabelMap, write_mask
from ctvos_core.results.review import frames_to_review
from ctvos_core.video.info import VideoInfo
from ctvos_core.video.outputs import prepare_output_folder, replacing, writing

CONFIDENCE_DECIMALS = 4
_CONFIDENCE = "confidence.json"
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp(\..+)?|\.ctvos-[0-9a-f]{16}\.tmp")
_HEADER_BYTES = 2048


class ResultFolder:
    """Where the files of one video's segmentation go, and how each is written.

    `<stem>.png` per frame (indexed, DAVIS palette), `confidence.json`, `overlay.mp4`, `coco.json`,
    `alpha.webm`. The folder is created, and proved to be writable, at once; it is this run's alone.

    Args:
        path: of the folder.
        info: of the video.
        given: files that the run starts from, which are neither replaced nor removed.
        overwrite: take a folder that holds results of another run; `remove_earlier` deletes them.

    Raises:
        InputError: `output_not_writable`; `output_is_input` when the video or a given file would be
            overwritten, or the video's frames mixed with masks; `output_has_results`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        info: VideoInfo,
        given: Collection[Path] = (),
        *,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self._info = info
        self._given = {file.resolve() for file in given}
        if info.path.resolve() in (self.path.resolve(), self.overlay_path.resolve()):
            raise InputError(
                "output_is_input",
                f"{self.path}: expected an output folder other than that of the video, "
                f"got one where results would replace or mix with {info.path}",
            )
        here = self.path.resolve()
        names = {f"{stem}.png" for stem in info.stems} | {*FILES.values(), _CONFIDENCE}
        for file in self._given:
            if file.parent == here and file.name in names:
                raise InputError(
                    "output_is_input",
                    f"{self.path}: expected an output folder where no result replaces what the run "
                    f"starts from, got one with {file.name}",
                )
        prepare_output_folder(self.path)
        if not overwrite and (found := next(self._earlier(), None)) is not None:
            raise InputError(
                "output_has_results",
                f"{self.path}: expected a folder without results of another run, got one with "
                f"{found.name}; name another, or replace them with --overwrite",
            )

    def remove_earlier(self) -> None:
        """Delete what earlier runs left, masks of other frames included, and nothing else.

        Raises:
            InputError: `output_not_writable`.
        """
        for file in list(self._earlier()):
            with writing(file):
                file.unlink(missing_ok=True)

    def _earlier(self) -> Iterator[Path]:
        """Files that a run has made: known by their names, or masks by what is written in them."""
        known = {*FILES.values(), _CONFIDENCE, *self._names_told()}
        for file in sorted(self.path.iterdir()):
            if file.resolve() in self._given or not file.is_file():
                continue
            is_mask = file.suffix == ".png" and _is_ours(file)
            if file.name in known or is_mask or _TEMPORARY.fullmatch(file.name):
                yield file

    def _names_told(self) -> list[str]:
        """Masks that the confidences of an earlier run speak of."""
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            content = json.loads((self.path / _CONFIDENCE).read_text())
            return [f"{frame['name']}.png" for frame in content["frames"]]
        return []

    @property
    def overlay_path(self) -> Path:
        """The video with masks drawn over it."""
        return self.path / FILES["overlay"]

    @property
    def alpha_path(self) -> Path:
        """The objects cut out."""
        return self.path / FILES["alpha"]

    @property
    def coco_path(self) -> Path:
        """The masks as COCO run lengths."""
        return self.path / FILES["coco"]

    @property
    def confidence_path(self) -> Path:
        """How sure each object of each frame is."""
        return self.path / _CONFIDENCE

    def mask_path(self, index: int) -> Path:
        """The mask of a frame."""
        return self.path / f"{self._info.stems[index]}.png"

    def write_mask(self, index: int, labels: LabelMap) -> None:
        """Write the mask of a frame, uint8 H x W."""
        write_mask(self.mask_path(index), labels)

    def read_mask(self, index: int) -> LabelMap:
        """The mask of a frame as it was written, uint8 H x W."""
        return read_mask(self.mask_path(index), self._info.size, allow_empty=True)

    def write_confidence(
        self,
        ids: Sequence[int],
        values: NDArray[np.float32],
        names: Mapping[int, str] | None = None,
        lost: Sequence[int] = (),
    ) -> None:
        """Write `confidence.json`, with the frames worth a look.

        Args:
            ids: of the K objects.
            values: [T, K], one column per id, in [0, 1].
            names: of objects, by id.
            lost: see `frames_to_review`.
        """
        with replacing(self.confidence_path) as temporary, temporary.open("w") as file:
            named = {str(i): name for i, name in sorted((names or {}).items())}
            file.write(f'{{"objects": {json.dumps(list(ids))},\n"names": {json.dumps(named)},\n')
            file.write('"frames": [')
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
            review = [self._info.source_index(i) for i in frames_to_review(values, lost)]
            file.write(f'\n],\n"review": {json.dumps(review)}}}\n')


def _is_ours(file: Path) -> bool:
    """Whether a PNG says that it was made here."""
    with suppress(OSError), file.open("rb") as data:
        return f"tEXtSoftware\0{MAKER}".encode() in data.read(_HEADER_BYTES)
    return False
