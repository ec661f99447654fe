"""A segmentation job: from the files of its request to masks and all that is made of them."""

from __future__ import annotations

import time
from dataclasses import replace

import structlog

from ctvos_core.adaptation.adapt import adapt
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.propagation import PropagationConfig
from ctvos_core.propagation.to_folder import SegmentationRun, segment_to_folder
from ctvos_core.results.extra_files import FILES
from ctvos_core.results.inputs import SegmentationInputs
from ctvos_core.results.review import frames_to_review
from ctvos_jobs import events
from ctvos_jobs.requests import ObjectResult, OutputFailure, SegmentRequest, SegmentResult
from worker import job_memory
from worker.context import WorkerContext
from worker.outcome import Outcome
from worker.segment_files import StoredResultFolder, keep_frames, segmentation_inputs
from worker.watch import JobWatch

SMALLER_SHORT_SIDE = 320
"""Pixels, where memory runs out at `PropagationConfig.short_side`."""
_log = structlog.get_logger(__name__)


def segment(context: WorkerContext, watch: JobWatch) -> Outcome:
    """Run a segmentation.

    Raises:
        InputError: the request cannot be carried out.
        JobStopped: it is not wanted any longer.
    """
    job, started = watch.job, time.monotonic()
    request = SegmentRequest.of(job)
    watch.report("probing", 0, None)
    model = context.models.get(job.model)
    with context.scratch.folder() as scratch:
        (scratch / "inputs").mkdir()
        inputs = segmentation_inputs(
            context.store, request, scratch / "inputs", context.settings.max_frames
        )
        probed = time.monotonic()
        folder = StoredResultFolder(
            scratch / "results",
            inputs.frames.info,
            context.store,
            f"jobs/{job.id}/{job.attempt}",
            lambda index, name: _publish_frame(context, job.id, index, name),
        )
        kept = keep_frames(context.store, request.keep, folder, watch)
        network = model.network
        if request.adapt:
            network = adapt(
                network, inputs.frames, device=context.settings.device, progress=watch.report
            )
        adapted = time.monotonic()
        run, config = _propagate(context, watch, network, inputs, folder, kept)
        propagated = time.monotonic()
        watch.report("finishing", 0, None)
        folder.store_file(folder.confidence_path)
        for extra, failure in run.extras.items():
            if failure is None:
                folder.store_file(folder.path / FILES[extra])
            else:
                _log.warning("output_failed", output=extra, detail=failure.detail)
        watch.check()
        folder.store_zip()
    result = SegmentResult(
        frames=len(inputs.frames),
        seconds=round(run.seconds, 3),
        frames_per_second=round(run.frames_per_second, 2),
        short_side=config.short_side,
        retried_smaller=config != PropagationConfig(),
        objects=_objects(request, run),
        review=frames_to_review(run.confidence, list(run.lost.values())),
        bytes=folder.stored_bytes,
        failed_outputs={
            extra: OutputFailure(code=failure.code, detail=context.without_folders(failure.detail))
            for extra, failure in run.extras.items()
            if failure is not None
        },
        stage_seconds={
            "probing": round(probed - started, 3),
            "adapting": round(adapted - probed, 3),
            "segmenting": round(run.seconds, 3),
            "drawing": round(propagated - adapted - run.seconds, 3),
            "finishing": round(time.monotonic() - propagated, 3),
        },
    )
    return Outcome(result, model.digest)


def _propagate(
    context: WorkerContext,
    watch: JobWatch,
    network: CTVOS,
    inputs: SegmentationInputs,
    folder: StoredResultFolder,
    kept: dict[int, dict[int, float]],
) -> tuple[SegmentationRun, PropagationConfig]:
    """Segment at the usual size, or once more at a smaller one where memory runs out."""
    outputs = SegmentRequest.of(watch.job).outputs

    def run(config: PropagationConfig) -> SegmentationRun:
        return segment_to_folder(
            network,
            inputs,
            folder,
            config,
            context.settings.device,
            kept=kept,
            extras=[extra for extra in FILES if extra in outputs],
            progress=watch.report,
        )

    config = PropagationConfig()
    try:
        return run(config), config
    except Exception as error:
        if not job_memory.is_out_of_memory(error):
            raise
        _log.warning("out_of_memory", short_side=config.short_side, error=str(error))
    # Outside the handler: the exception keeps the frames alive in which it was raised.
    job_memory.release()
    config = replace(config, short_side=SMALLER_SHORT_SIDE)
    return run(config), config


def _publish_frame(context: WorkerContext, job_id: str, index: int, name: str) -> None:
    events.publish(context.redis, job_id, "frame", {"frame": index, "name": name})


def _objects(request: SegmentRequest, run: SegmentationRun) -> list[ObjectResult]:
    names = request.object_names or {}
    return [
        ObjectResult(id=i, name=names.get(str(i)), confidence=round(float(mean), 4))
        for i, mean in zip(run.ids, run.confidence.mean(0), strict=True)
    ]
