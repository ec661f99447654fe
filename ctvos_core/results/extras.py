"""What is made of masks once they are there: each extra succeeds or fails by itself."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from ctvos_core.errors import InputError
from ctvos_core.results.alpha import AlphaWriter
from ctvos_core.results.extra_files import FILES, Extra
from ctvos_core.results.masks import LabelMap
from ctvos_core.results.overlay import draw_overlay
from ctvos_core.results.rle import CocoWriter
from ctvos_core.video.decode import Frame, FrameReader
from ctvos_core.video.encode import VideoWriter
from ctvos_core.video.info import VideoInfo

Scores = Callable[[int], dict[int, float]]
"""Frame index to confidence by object id."""
Add = Callable[[Frame, LabelMap], None]


@dataclass(frozen=True)
class ExtraFailure:
    """Why an extra was not made: a stable code, and one line."""

    code: str
    detail: str


def write_extras(
    extras: frozenset[Extra],
    folder: Path,
    frames: FrameReader,
    mask: Callable[[int], LabelMap],
    scores: Scores,
    names: Mapping[int, str],
) -> dict[Extra, ExtraFailure | None]:
    """Make extras from a video and its masks, in one pass.

    An extra that fails is given up and leaves no file; the rest go on. An exception that is not of
    reading, such as one that ends the work from outside, goes through.

    Args:
        extras: what to make.
        folder: where their files go.
        frames: the video, read once from start to end.
        mask: frame index to label map.
        scores: see `Scores`.
        names: of objects, by id.

    Returns:
        For each extra why it failed; None if it is made.
    """
    outcome: dict[Extra, ExtraFailure | None] = {}
    with ExitStack() as stack:
        open_: dict[Extra, _Writing] = {}
        for extra in sorted(extras):
            writing = _Writing(_writer(extra, folder / FILES[extra], frames.info, scores, names))
            stack.enter_context(writing)
            open_[extra] = writing
        for frame in _readable(frames, open_):
            if not any(writing.failure is None for writing in open_.values()):
                continue  # the rest of the frames is still counted
            labels = mask(frame.index)
            for writing in open_.values():
                writing.add(frame, labels)
        for extra, writing in open_.items():
            writing.close()
            outcome[extra] = writing.failure
    return outcome


def _readable(frames: FrameReader, writings: Mapping[Extra, "_Writing"]) -> Iterator[Frame]:
    try:
        yield from frames.frames()
    except InputError as error:
        for writing in writings.values():
            writing.fail(error)


def _writer(
    extra: Extra, path: Path, info: VideoInfo, scores: Scores, names: Mapping[int, str]
) -> Callable[[ExitStack], Add]:
    """What opens the file of an extra in a stack, and gives the function that adds a frame."""

    def overlay(stack: ExitStack) -> Add:
        film = stack.enter_context(
            VideoWriter(
                path,
                info.width,
                info.height,
                timeline=info.timeline,
                sample_aspect_ratio=info.sample_aspect_ratio,
                sound_of=None if info.is_folder else info.path,
            )
        )
        return lambda frame, labels: film.write(
            draw_overlay(frame.image, labels), frame.time_seconds
        )

    def alpha(stack: ExitStack) -> Add:
        film = stack.enter_context(
            AlphaWriter(
                path,
                info.width,
                info.height,
                timeline=info.timeline,
                sample_aspect_ratio=info.sample_aspect_ratio,
            )
        )
        return lambda frame, labels: film.write(frame.image, labels, frame.time_seconds)

    def coco(stack: ExitStack) -> Add:
        rle = stack.enter_context(CocoWriter(path, info, names))
        return lambda frame, labels: rle.add(frame.index, labels, scores(frame.index))

    return {"overlay": overlay, "alpha": alpha, "coco": coco}[extra]


class _Writing(AbstractContextManager["_Writing"]):
    """One extra while it is made: once something fails, nothing more is done for it."""

    def __init__(self, opener: Callable[[ExitStack], Add]) -> None:
        self.failure: ExtraFailure | None = None
        self._stack = ExitStack()
        self._opener = opener
        self._add: Add | None = None

    def __enter__(self) -> "_Writing":
        try:
            self._add = self._opener(self._stack)
        except Exception as error:
            self.fail(error)
        return self

    def add(self, frame: Frame, labels: LabelMap) -> None:
        if self.failure is not None or self._add is None:
            return
        try:
            self._add(frame, labels)
        except Exception as error:
            self.fail(error)

    def close(self) -> None:
        if self.failure is None:
            try:
                self._stack.close()
            except Exception as error:
                self.failure = _failure(error)

    def fail(self, error: Exception) -> None:
        if self.failure is None:
            self.failure = _failure(error)
            self._abandon(error)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None and self.failure is None:
            self._abandon(error)

    def _abandon(self, error: BaseException) -> None:
        try:
            self._stack.__exit__(type(error), error, error.__traceback__)
        except Exception as other:
            if self.failure is None:
                self.failure = _failure(other)


def _failure(error: Exception) -> ExtraFailure:
    if isinstance(error, InputError):
        return ExtraFailure(error.code, str(error))
    reason = " ".join(str(error).split()) or "no more is known"
    return ExtraFailure("output_failed", f"{type(error).__name__}: {reason}")
