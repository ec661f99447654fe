"""Evaluation on YouTube-VOS layout: masks, the submission zip, and G where there is truth.

The benchmark's own scoring is not public; this follows its description: J and F of an object are
averaged over its annotated frames after its first, those over the objects of seen and of unseen
categories, and G is the mean of the four.
"""

import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.evaluation.layouts import (
    read_annotation,
    read_result_mask,
    require_folder,
)
from ctvos_core.evaluation.metrics import contour_accuracy, region_similarity
from ctvos_core.evaluation.segmenting import DatasetRun, FrameProgress, SequenceRun, TimedMasks
from ctvos_core.evaluation.youtube_vos import (
    YoutubeVosDataset,
    YoutubeVosObject,
    YoutubeVosSequence,
)
from ctvos_core.results import LabelMap, write_mask
from ctvos_core.video import prepare_output_folder, replacing

ANNOTATIONS_FOLDER = "Annotations"
SUBMISSION = "submission.zip"
# Fixed, so that equal masks give equal archives.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

YoutubeVosSegmenter = Callable[[YoutubeVosSequence], Iterable[LabelMap]]
"""Gives one `(H, W)` uint8 label map per frame, in order, also before the first object."""


@dataclass(frozen=True, eq=False)
class YoutubeVosObjectScore:
    """One object of one video; every score is a fraction."""

    sequence: str
    object_id: int
    category: str | None
    seen: bool
    scored_stems: tuple[str, ...]
    """Its annotated frames after its first."""
    j_per_frame: NDArray[np.float64]
    """One value per scored frame."""
    f_per_frame: NDArray[np.float64]
    """One value per scored frame."""

    @property
    def j(self) -> float:
        """Mean region similarity over the scored frames."""
        return float(self.j_per_frame.mean())

    @property
    def f(self) -> float:
        """Mean contour accuracy over the scored frames."""
        return float(self.f_per_frame.mean())


@dataclass(frozen=True, eq=False)
class YoutubeVosSequenceScore(SequenceRun):
    """One video and those of its objects that could be scored."""

    objects: tuple[YoutubeVosObjectScore, ...]

    @property
    def j(self) -> float | None:
        """Mean J over the scored objects."""
        return _mean(score.j for score in self.objects)

    @property
    def f(self) -> float | None:
        """Mean F over the scored objects."""
        return _mean(score.f for score in self.objects)


@dataclass(frozen=True, eq=False)
class YoutubeVosResult(DatasetRun[YoutubeVosSequenceScore]):
    """Scores on a dataset in YouTube-VOS layout: fractions, or None where nothing can be scored."""

    split_known: bool
    """Whether it was known which categories are unseen; if not, every object counts as seen."""

    @property
    def objects(self) -> tuple[YoutubeVosObjectScore, ...]:
        """The scored objects of all videos."""
        return tuple(score for sequence in self.sequences for score in sequence.objects)

    @property
    def j_seen(self) -> float | None:
        """Mean J over the objects of seen categories."""
        return _mean(score.j for score in self.objects if score.seen)

    @property
    def j_unseen(self) -> float | None:
        """Mean J over the objects of unseen categories."""
        return _mean(score.j for score in self.objects if not score.seen)

    @property
    def f_seen(self) -> float | None:
        """Mean F over the objects of seen categories."""
        return _mean(score.f for score in self.objects if score.seen)

    @property
    def f_unseen(self) -> float | None:
        """Mean F over the objects of unseen categories."""
        return _mean(score.f for score in self.objects if not score.seen)

    @property
    def g(self) -> float | None:
        """Mean of the four; of the two there are when all objects are seen, or all unseen."""
        four = (self.j_seen, self.j_unseen, self.f_seen, self.f_unseen)
        return _mean(score for score in four if score is not None)


def evaluate_youtube_vos(
    dataset: YoutubeVosDataset,
    segmenter: YoutubeVosSegmenter,
    results_dir: Path,
    progress: FrameProgress | None = None,
) -> YoutubeVosResult:
    """Segment every video, write masks and the submission, score where there is truth.

    Masks of the frames listed in `meta.json` go to `results_dir/Annotations/<video>/<frame>.png` as
    they come, at the frames' size, and from there into `results_dir/submission.zip`. `progress` is
    called after every frame. Raises `ValueError` when the segmenter gives too few or too many masks
    or one of the wrong shape or type, and `InputError` for annotations that cannot be read or when
    `results_dir` cannot be written to.
    """
    masks_dir = results_dir / ANNOTATIONS_FOLDER
    frames = sum(len(sequence.stems) for sequence in dataset)
    done = 0
    scores = []
    for sequence in dataset:
        folder = prepare_output_folder(masks_dir / sequence.name)
        listed = set(sequence.listed_stems)
        masks = TimedMasks(
            partial(segmenter, sequence), sequence.name, sequence.size, len(sequence.stems)
        )
        for stem, labels in zip(sequence.stems, masks, strict=True):
            if stem in listed:
                write_mask(folder / f"{stem}.png", labels)
            done += 1
            if progress is not None:
                progress(sequence.name, done, frames)
        scores.append(_score_sequence(sequence, folder, masks.seconds))
    write_submission(dataset, masks_dir, results_dir / SUBMISSION)
    return YoutubeVosResult(dataset.name, tuple(scores), dataset.unseen_categories is not None)


def score_youtube_vos(dataset: YoutubeVosDataset, masks_dir: Path) -> YoutubeVosResult:
    """Score the masks `masks_dir/<video>/<frame>.png` of the videos that have truth.

    Ids that `meta.json` does not list are ignored. Raises `InputError` for a mask that is missing
    or of another size.
    """
    require_folder(masks_dir, "a folder of masks per video")
    scores = tuple(
        _score_sequence(sequence, masks_dir / sequence.name, None) for sequence in dataset
    )
    return YoutubeVosResult(dataset.name, scores, dataset.unseen_categories is not None)


def write_submission(dataset: YoutubeVosDataset, masks_dir: Path, path: Path) -> None:
    """Zip `masks_dir/<video>/<frame>.png` of all listed frames, under `Annotations/`.

    Raises `InputError` for a mask that is missing or when `path` cannot be written.
    """
    names = [f"{video.name}/{stem}.png" for video in dataset for stem in video.listed_stems]
    for name in names:
        if not (masks_dir / name).is_file():
            raise InputError("mask_missing", f"{masks_dir / name}: expected a mask, no such file")
    # Stored as they are: PNG is compressed already.
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in names:
            member = zipfile.ZipInfo(f"{ANNOTATIONS_FOLDER}/{name}", ZIP_TIME)
            archive.writestr(member, (masks_dir / name).read_bytes())


def _score_sequence(
    sequence: YoutubeVosSequence, folder: Path, seconds: float | None
) -> YoutubeVosSequenceScore:
    objects = _score_objects(sequence, folder) if sequence.is_annotated else ()
    return YoutubeVosSequenceScore(sequence.name, len(sequence.stems), seconds, objects)


def _score_objects(sequence: YoutubeVosSequence, folder: Path) -> tuple[YoutubeVosObjectScore, ...]:
    J: dict[int, list[float]] = {listed.object_id: [] for listed in sequence.objects}
    F: dict[int, list[float]] = {listed.object_id: [] for listed in sequence.objects}
    stems: dict[int, list[str]] = {listed.object_id: [] for listed in sequence.objects}
    for stem in sequence.listed_stems:
        scored = [listed for listed in sequence.objects if stem in listed.stems[1:]]
        annotation = sequence.annotation_path(stem)
        if not scored or not annotation.is_file():
            continue
        truth = read_annotation(annotation, sequence.size)
        predicted = read_result_mask(folder / f"{stem}.png", sequence.size)
        for object_id in (listed.object_id for listed in scored):
            found, true = predicted == object_id, truth == object_id
            J[object_id].append(region_similarity(found, true))
            F[object_id].append(contour_accuracy(found, true))
            stems[object_id].append(stem)

    def score(listed: YoutubeVosObject) -> YoutubeVosObjectScore:
        return YoutubeVosObjectScore(
            sequence.name,
            listed.object_id,
            listed.category,
            listed.seen,
            tuple(stems[listed.object_id]),
            np.array(J[listed.object_id]),
            np.array(F[listed.object_id]),
        )

    return tuple(score(listed) for listed in sequence.objects if stems[listed.object_id])


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return fmean(listed) if listed else None
