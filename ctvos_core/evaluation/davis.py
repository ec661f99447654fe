"""Semi-supervised evaluation on DAVIS layout: `JPEGImages/480p/<name>`, `Annotations/480p/<name>`.

Scores follow the official davis2017-evaluation (semi-supervised): the objects are those of the
first annotation, the first and last frame are not scored, and global scores average over objects.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.evaluation.davis_scores import DavisResult, ObjectScore, SequenceScore
from ctvos_core.evaluation.layouts import (
    image_size,
    list_folders,
    list_frames,
    read_annotation,
    read_result_mask,
    read_split,
    require_folder,
    require_known,
)
from ctvos_core.evaluation.metrics import contour_accuracy, region_similarity
from ctvos_core.evaluation.segmenting import FrameProgress, TimedMasks
from ctvos_core.results import LabelMap, write_mask
from ctvos_core.video import prepare_output_folder

MASKS_FOLDER = "masks"
FEWEST_FRAMES = 3


@dataclass(frozen=True)
class DavisSequence:
    """One sequence: `T` frames and an annotation for each, in order."""

    name: str
    frame_paths: tuple[Path, ...]
    annotation_paths: tuple[Path, ...]

    @property
    def stems(self) -> tuple[str, ...]:
        """File names of the frames without suffix, by which result masks are named."""
        return tuple(path.stem for path in self.frame_paths)

    @cached_property
    def size(self) -> tuple[int, int]:
        """`(H, W)` of the frames."""
        return image_size(self.frame_paths[0])

    @property
    def first_mask(self) -> LabelMap:
        """The first frame's annotation, `(H, W)` uint8: what a segmenter starts from.

        Read from disk at each use, so that a dataset does not hold its masks in memory.
        """
        return read_annotation(self.annotation_paths[0], self.size)

    @cached_property
    def object_ids(self) -> tuple[int, ...]:
        """1 to the greatest id of the first annotation; `InputError` if it holds no object."""
        greatest = int(self.first_mask.max())
        if greatest == 0:
            raise InputError(
                "annotation_empty",
                f"{self.annotation_paths[0]}: expected at least one object, got an empty mask",
            )
        return tuple(range(1, greatest + 1))


DavisSegmenter = Callable[[DavisSequence], Iterable[LabelMap]]
"""Gives one `(H, W)` uint8 label map per frame, in order, the first frame included."""


class DavisDataset:
    """The sequences of a folder in DAVIS layout, in the order asked for (by name if none is).

    `sequences` names them, or `split` does: a file with a name per line, or the name of one in
    `ImageSets` ("2017/val"). Raises `InputError` for a missing folder, an unknown sequence, a frame
    without annotation or a sequence too short to score.
    """

    def __init__(
        self,
        root: Path | str,
        resolution: str = "480p",
        sequences: Sequence[str] | None = None,
        split: Path | str | None = None,
    ) -> None:
        if sequences is not None and split is not None:
            raise InputError("split_ambiguous", "expected either sequences or a split, got both")
        self.root = Path(root)
        self.resolution = resolution
        self._frames = self.root / "JPEGImages" / resolution
        self._annotations = self.root / "Annotations" / resolution
        require_folder(self.root, "a dataset in DAVIS layout")
        require_folder(self._frames, "a folder of frames per sequence")
        require_folder(self._annotations, "a folder of annotations per sequence")
        known = list_folders(self._annotations)
        if split is not None:
            sequences = read_split(self._split_path(split))
        names = known if sequences is None else tuple(dict.fromkeys(sequences))
        require_known(names, known, self._annotations)
        if not names:
            raise InputError(
                "dataset_empty", f"{self._annotations}: expected sequences, found none"
            )
        self.sequences = tuple(self._open(name) for name in names)

    @property
    def name(self) -> str:
        """Name of the root folder."""
        return self.root.resolve().name

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[DavisSequence]:
        return iter(self.sequences)

    def _split_path(self, split: Path | str) -> Path:
        named = self.root / "ImageSets" / f"{split}.txt"
        return named if named.is_file() else Path(split)

    def _open(self, name: str) -> DavisSequence:
        frames = list_frames(self._frames / name)
        if len(frames) < FEWEST_FRAMES:
            raise InputError(
                "sequence_too_short",
                f"{self._frames / name}: expected at least {FEWEST_FRAMES} frames (the first and "
                f"last are not scored), found {len(frames)}",
            )
        annotations = tuple(self._annotations / name / f"{frame.stem}.png" for frame in frames)
        missing = [path for path in annotations if not path.is_file()]
        if missing:
            raise InputError(
                "annotation_missing",
                f"{missing[0]}: expected an annotation for each of {len(frames)} frames, "
                f"{len(missing)} missing",
            )
        return DavisSequence(name, frames, annotations)


def evaluate_davis(
    dataset: DavisDataset,
    segmenter: DavisSegmenter,
    results_dir: Path,
    progress: FrameProgress | None = None,
) -> DavisResult:
    """Segment every sequence, write the masks and score them.

    Each mask goes to `results_dir/masks/<sequence>/<stem>.png` as it comes, so memory does not grow
    with the video; scoring reads it back. `progress` is called after every frame. Raises
    `ValueError` when the segmenter gives too few or too many masks or one of the wrong shape or
    type, and `InputError` as `score_davis` does or when `results_dir` cannot be written to.
    """
    masks_dir = results_dir / MASKS_FOLDER
    frames = sum(len(sequence.frame_paths) for sequence in dataset)
    done = 0
    scores = []
    for sequence in dataset:
        folder = prepare_output_folder(masks_dir / sequence.name)
        masks = TimedMasks(
            partial(segmenter, sequence), sequence.name, sequence.size, len(sequence.stems)
        )
        for stem, labels in zip(sequence.stems, masks, strict=True):
            write_mask(folder / f"{stem}.png", labels)
            done += 1
            if progress is not None:
                progress(sequence.name, done, frames)
        scores.append(score_sequence(sequence, folder, seconds=masks.seconds))
    return DavisResult(dataset.name, tuple(scores), dataset.resolution)


def score_davis(dataset: DavisDataset, masks_dir: Path) -> DavisResult:
    """Score the masks `masks_dir/<sequence>/<stem>.png`, indexed PNGs of the annotations' size.

    The first and last frame's masks are not read and need not exist. Raises `InputError` for a mask
    that is missing, of another size, or with an id above the sequence's object count; an object
    without a pixel is one that was not found.
    """
    require_folder(masks_dir, "a folder of masks per sequence")
    scores = tuple(score_sequence(sequence, masks_dir / sequence.name) for sequence in dataset)
    return DavisResult(dataset.name, scores, dataset.resolution)


def score_sequence(
    sequence: DavisSequence, folder: Path, seconds: float | None = None
) -> SequenceScore:
    """Score the masks `folder/<stem>.png` of one sequence; see `score_davis`."""
    object_ids = sequence.object_ids
    stems, annotations = sequence.stems[1:-1], sequence.annotation_paths[1:-1]
    J = np.empty((len(object_ids), len(stems)))
    F = np.empty_like(J)
    for frame, (stem, annotation) in enumerate(zip(stems, annotations, strict=True)):
        truth = read_annotation(annotation, sequence.size)
        path = folder / f"{stem}.png"
        predicted = read_result_mask(path, sequence.size)
        greatest = int(predicted.max())
        if greatest > len(object_ids):
            raise InputError(
                "mask_id_unknown",
                f"{path}: expected ids 0 to {len(object_ids)} as in the first annotation, "
                f"got {greatest}",
            )
        for k, object_id in enumerate(object_ids):
            found, true = predicted == object_id, truth == object_id
            J[k, frame] = region_similarity(found, true)
            F[k, frame] = contour_accuracy(found, true)
    objects = tuple(
        ObjectScore(sequence.name, object_id, J[k], F[k]) for k, object_id in enumerate(object_ids)
    )
    return SequenceScore(sequence.name, len(sequence.stems), seconds, stems, objects)
