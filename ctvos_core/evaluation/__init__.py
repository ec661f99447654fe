"""Scores for video object segmentation: J, F, G on DAVIS and YouTube-VOS layouts, and reports."""

from ctvos_core.evaluation.davis import (
    DavisDataset,
    DavisSegmenter,
    DavisSequence,
    evaluate_davis,
    score_davis,
)
from ctvos_core.evaluation.davis_scores import DavisResult, ObjectScore, SequenceScore
from ctvos_core.evaluation.layouts import read_annotation, read_split
from ctvos_core.evaluation.metrics import (
    Statistics,
    contour_accuracy,
    region_similarity,
    statistics,
)
from ctvos_core.evaluation.report import print_table, write_csv, write_json
from ctvos_core.evaluation.segmenting import FrameProgress
from ctvos_core.evaluation.youtube_vos import (
    YoutubeVosDataset,
    YoutubeVosObject,
    YoutubeVosSequence,
)
from ctvos_core.evaluation.youtube_vos_scoring import (
    YoutubeVosObjectScore,
    YoutubeVosResult,
    YoutubeVosSegmenter,
    YoutubeVosSequenceScore,
    evaluate_youtube_vos,
    score_youtube_vos,
    write_submission,
)

__all__ = [
    "DavisDataset",
    "DavisResult",
    "DavisSegmenter",
    "DavisSequence",
    "FrameProgress",
    "ObjectScore",
    "SequenceScore",
    "Statistics",
    "YoutubeVosDataset",
    "YoutubeVosObject",
    "YoutubeVosObjectScore",
    "YoutubeVosResult",
    "YoutubeVosSegmenter",
    "YoutubeVosSequence",
    "YoutubeVosSequenceScore",
    "contour_accuracy",
    "evaluate_davis",
    "evaluate_youtube_vos",
    "print_table",
    "read_annotation",
    "read_split",
    "region_similarity",
    "score_davis",
    "score_youtube_vos",
    "statistics",
    "write_csv",
    "write_json",
    "write_submission",
]
