"""Some frames of a video as a video of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ctvos_core.errors import InputError
from ctvos_core.video.decode import Frame, FrameReader

_BRIDGE = 48
"""Largest step between frames of a file that are read in one go."""


@dataclass(frozen=True)
class FrameRange:
    """Which frames of a video are wanted: from `start` to before `end`, every `step`-th."""

    start: int = 0
    end: int | None = None
    step: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether every frame is wanted."""
        return self == FrameRange()

    def indices(self, frame_count: int) -> range:
        """The frames of a video of that many.

        Raises:
            InputError: `frame_range_invalid`.
        """
        end = frame_count if self.end is None else self.end
        if self.step < 1 or not 0 <= self.start < end <= frame_count:
            raise InputError(
                "frame_range_invalid",
                f"expected 0 <= start < end <= {frame_count}, the number of frames, and a step of "
                f"at least 1, got start {self.start}, end {end}, step {self.step}",
            )
        return range(self.start, end, self.step)


def chosen_frames(frames: FrameReader, indices: Sequence[int]) -> FrameReader:
    """The video of these frames, ascending; the video itself where these are all."""
    if len(indices) == len(frames):
        return frames
    return ChosenFrames(frames, indices)


class ChosenFrames(FrameReader):
    """Some frames of a video as a video of its own: frame i is `indices[i]` of the other.

    Names and times are those of the other.
    """

    def __init__(self, frames: FrameReader, indices: Sequence[int]) -> None:
        info = frames.info
        self.info = replace(
            info,
            frame_count=len(indices),
            timeline=info.timeline.chosen(indices),
            stems=tuple(info.stems[index] for index in indices),
            frame_files=tuple(info.frame_files[index] for index in indices if info.is_folder),
            source_indices=tuple(info.source_index(index) for index in indices),
        )
        self._frames = frames
        self._indices = indices
        # To decode a few frames more is quicker than to seek; images are not decoded in a row.
        self._bridge = 1 if info.is_folder else _BRIDGE

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """See `FrameReader.frames`; frames close to one another are read without seeking."""
        for run in self._runs(start, stop):
            yield from _placed(self._frames.frames(min(run), max(run) + 1), run)

    def frames_reversed(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """See `FrameReader.frames_reversed`."""
        for run in reversed(self._runs(start, stop)):
            yield from _placed(self._frames.frames_reversed(min(run), max(run) + 1), run)

    def _runs(self, start: int, stop: int | None) -> list[dict[int, int]]:
        """Frames that are read in one go: position in this video by position in the other."""
        stop = self._checked_stop(start, stop)
        runs: list[dict[int, int]] = []
        previous = None
        for place in range(start, stop):
            index = self._indices[place]
            if previous is None or index - previous > self._bridge:
                runs.append({})
            runs[-1][index] = place
            previous = index
        return runs


def _placed(frames: Iterator[Frame], places: dict[int, int]) -> Iterator[Frame]:
    for frame in frames:
        if frame.index in places:
            yield replace(frame, index=places[frame.index])
