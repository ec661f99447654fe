"""What jobs ask for and leave survives the database, also as earlier releases wrote it."""

from typing import Any

import pytest
from job_rows import NewJob, row
from pydantic import ValidationError

from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.requests import (
    SegmentRequest,
    SegmentResult,
    TrainingRequest,
    TrainingResult,
)

VIDEO = {
    "key": "jobs/a/inputs/video.mp4",
    "name": "walk.mp4",
    "sha256": "0" * 64,
    "bytes": 9,
    "frames": 12,
    "width": 96,
    "height": 64,
}
MASK = {"key": "jobs/a/inputs/mask-0.png", "sha256": "1" * 64, "frame": 0, "objects": [1, 2]}
FIRST_SEGMENT: dict[str, Any] = {"video": {**VIDEO, "stems_key": None}, "masks": [MASK]}
"""As the first release wrote it: no seconds, no absent objects, no names, no readings."""
SEGMENT: dict[str, Any] = {
    "video": {**VIDEO, "seconds": 0.48, "stems_key": "jobs/a/inputs/stems.json"},
    "masks": [{**MASK, "absent": [2], "reading": "indices"}],
    "outputs": ["masks", "coco"],
    "adapt": True,
    "webhook_url": "https://example.com/hook",
    "object_names": {"1": "dog"},
    "keep": {"job": "b", "attempt": 2, "frames": [[0, 3], [9, 11]]},
}
TRAINING: dict[str, Any] = {
    "videos": ["v"],
    "config": ["steps=3"],
    "resume_from": "default",
    "name": "dogs",
}


@pytest.mark.parametrize("request_row", [SEGMENT, {**SEGMENT, "keep": None}])
def test_a_segmentation_comes_back_as_it_was_written(
    database: Database, new_job: NewJob, request_row: dict[str, Any]
) -> None:
    job = row(database, new_job(database, request=request_row).id)
    assert SegmentRequest.of(job).to_row() == request_row == job.request


def test_a_training_comes_back_as_it_was_written(database: Database, new_job: NewJob) -> None:
    job = row(database, new_job(database, kind="train", request=TRAINING).id)
    assert TrainingRequest.of(job).to_row() == TRAINING == job.request


def test_rows_of_earlier_releases_load(database: Database, new_job: NewJob) -> None:
    job = row(database, new_job(database, request=FIRST_SEGMENT).id)
    request = SegmentRequest.of(job)
    assert (request.video.seconds, request.masks[0].absent) == (None, [])
    assert (list(request.outputs), request.adapt, request.keep) == (["masks"], False, None)
    training = row(
        database, new_job(database, kind="train", request={"videos": [], "name": "a"}).id
    )
    assert TrainingRequest.of(training).config == []


def test_rows_of_later_releases_load() -> None:
    assert SegmentRequest.model_validate({**SEGMENT, "later": 1}).to_row() == SEGMENT


def test_a_job_of_another_kind_is_refused(database: Database, new_job: NewJob) -> None:
    with pytest.raises(ValidationError):
        SegmentRequest.of(row(database, new_job(database, kind="train", request=TRAINING).id))


def test_a_request_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SegmentRequest.model_validate(SEGMENT).adapt = False  # type: ignore[misc]


def test_results_come_back_as_they_were_written(database: Database, new_job: NewJob) -> None:
    segmented = {
        "frames": 12,
        "seconds": 1.5,
        "frames_per_second": 8.0,
        "short_side": 480,
        "retried_smaller": False,
        "objects": [{"id": 1, "name": None, "confidence": 0.9}],
        "review": [3],
        "bytes": 100,
        "failed_outputs": {"overlay": {"code": "output_failed", "detail": "no room"}},
        "stage_seconds": {"probing": 0.1},
    }
    trained = {"model": "dogs", "digest": "2" * 64, "steps": 3}
    for result, kind in ((segmented, SegmentResult), (trained, TrainingResult)):
        job = new_job(database, request=SEGMENT)
        with database.session() as session:
            lifecycle.claim(session, job.id, "a", 60)
            assert lifecycle.succeed(session, job.id, 1, result, None)
        assert kind.model_validate(row(database, job.id).result).to_row() == result
