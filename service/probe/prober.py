"""Uploaded files looked at in a child process, before a job exists."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from ctvos_core.errors import InputError
from ctvos_jobs.settings import Settings
from service.probe.fork_client import ProbeProcess

_log = structlog.get_logger(__name__)
_LATE_SECONDS = 30  # of wall time, while others have the processors


class ProbeError(Exception):
    """Looking at an upload failed by a mistake of the service."""


@dataclass(frozen=True)
class ProbedVideo:
    """What is known of a video before it is decoded.

    Attributes:
        suffix: what its file is called by, as `CONTAINERS` has it, or `.zip` for frames.
        width, height: as displayed.
        frames: how many.
        seconds: how long.
        stems: names of the frames of a zip; None for a video file.
    """

    suffix: str
    width: int
    height: int
    frames: int
    seconds: float
    stems: list[str] | None


@dataclass(frozen=True)
class MaskFile:
    """A mask to be looked at: the name of its file, the frame it is of, what it speaks for.

    Attributes:
        objects: ids; None: those in it.
    """

    name: str
    frame: int
    objects: list[int] | None = None


@dataclass(frozen=True)
class ProbedMask:
    """What a mask says.

    Attributes:
        objects: ids that it speaks for, ascending.
        absent: those of them that are not in it.
        reading: what the ids were taken from.
    """

    frame: int
    objects: list[int]
    absent: list[int]
    reading: str | None = None


class Prober:
    """Runs one child for each request, as many at a time as there are processors."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process = ProbeProcess()
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)

    def start(self) -> None:
        """Get ready for the first request."""
        self._process.start()

    def close(self) -> None:
        """End all children."""
        self._process.close()

    async def probe(
        self,
        folder: Path,
        *,
        video: str | None,
        masks: list[MaskFile],
        known: ProbedVideo | None = None,
        outputs: Sequence[str] = (),
    ) -> tuple[ProbedVideo, list[ProbedMask]]:
        """Look at a video and masks of it; masks are rewritten as indexed PNGs where they are none.

        Args:
            folder: where the files are; the child works in it.
            video: name of the video's file; None: it was looked at before, and is `known`.
            masks: each is checked against the video.
            known: see `video`.
            outputs: what is to be made of it.

        Raises:
            InputError: as those of `ctvos_core.video`, and `video_too_large`, `too_many_frames`,
                `video_too_long`, `video_too_complex` (memory), `video_too_slow` (time),
                `video_crashes_decoder`, `output_impossible`.
            ProbeError: the fault is ours, not that of the upload.
        """
        order = {
            "video": video,
            "known": asdict(known) if known else None,
            "masks": [asdict(mask) for mask in masks],
            "outputs": list(outputs),
        }
        answer = await self._answer(folder, order)
        return (
            ProbedVideo(**answer["video"]),
            [ProbedMask(**mask) for mask in answer["masks"]],
        )

    async def draw(self, folder: Path, video: Path, start: int, stop: int) -> None:
        """Write the frames from `start` to before `stop` of a video that was looked at before.

        Args:
            folder: gets `<index>.jpg`, as displayed.
            video: a file, or a zip of frames.
            start: first frame.
            stop: the frame after the last; may be more than the video has.

        Raises:
            InputError: as `probe`, and `video_corrupt`; frames before the one at fault are written.
        """
        draw = {"video": str(video), "start": start, "stop": stop}
        await self._answer(folder, {"draw": draw})

    async def _answer(self, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
        order = {"folder": str(folder), **order, "limits": self._limits()}
        async with self._slots:
            try:
                seconds = self._settings.probe_seconds + _LATE_SECONDS
                status, said = await self._process.ask(order, seconds)
            except TimeoutError as error:
                raise self._too_slow() from error
        if status == -signal.SIGXCPU:
            raise self._too_slow()
        if status < 0:  # a signal: no exception of ours ends a process that way
            raise InputError(
                "video_crashes_decoder",
                f"video: its bytes crash the decoder (ended with {status})",
            )
        answer: dict[str, Any] = json.loads(said) if status == 0 else {"fault": f"exit {status}"}
        if "fault" in answer:
            _log.error("probe_failed", fault=answer["fault"])
            raise ProbeError(answer["fault"].splitlines()[-1])
        if "error" in answer:
            raise InputError(answer["error"]["code"], answer["error"]["message"])
        return answer

    def _limits(self) -> dict[str, int]:
        settings = self._settings
        return {
            "memory_bytes": int(settings.probe_memory_bytes),
            "cpu_seconds": max(1, round(settings.probe_seconds)),
            "file_bytes": int(settings.max_upload_bytes),
            "frames": settings.max_frames,
            "frame_pixels": settings.max_frame_pixels,
            "video_pixels": settings.max_video_pixels,
        }

    def _too_slow(self) -> InputError:
        seconds = self._settings.probe_seconds
        return InputError(
            "video_too_slow", f"video: expected to be looked at within {seconds:g} seconds, gave up"
        )
