"""What is known of a video before any of it is segmented."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctvos_core.video.times import Timeline

MAX_PIXELS = 36_000_000
"""Largest frame or mask, in pixels (8K is 33 million): a header may claim any size."""

FOLDER_FRAME_RATE = Fraction(25)
"""Frames a second given to a folder of frames, which has no clock of its own."""


@dataclass(frozen=True, eq=False)
class VideoInfo:
    """A video of T frames: a file, or a folder with one image per frame.

    Attributes:
        path: the file or folder.
        width, height: of a frame after rotation metadata, in stored pixels (pixels that are not
            square are left as they are).
        frame_count: T, at least 1.
        timeline: when each frame is shown.
        rotation: degrees clockwise by which stored frames are turned to be displayed: 0, 90, 180,
            270.
        codec: `h264`, `vp9`, ...; for a folder the image format, `jpeg`, `png`, ...
        pixel_format: FFmpeg's name of how pixels are stored, `yuv420p`; for a folder Pillow's mode.
        stems: T names, one per frame, for files made from frames: `00000`, `00001`, ...; for a
            folder the frames' own names without suffix.
        sample_aspect_ratio: width of a pixel to its height when displayed; 1 where pixels are
            square.
        frame_files: for a folder the T image files in order; empty for a video file.
        warnings: lines that a user should see, such as which files of a folder are left out.
        white: for a folder with images of more than 8 bits a sample the value that is white.
        source_indices: where these are some frames of another video, which of it; else empty.
    """

    path: Path
    width: int
    height: int
    frame_count: int
    timeline: Timeline
    rotation: int
    codec: str
    pixel_format: str
    stems: tuple[str, ...] = field(repr=False)
    sample_aspect_ratio: Fraction = Fraction(1)
    frame_files: tuple[Path, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()
    white: float | None = None
    source_indices: tuple[int, ...] = field(default=(), repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) as displayed."""
        return self.width, self.height

    @property
    def frame_rate(self) -> Fraction:
        """Average frames per second, at most 1000."""
        return self.timeline.rate

    @property
    def times(self) -> NDArray[np.float64]:
        """float64 [T], seconds at which each frame appears, strictly increasing; uneven where the
        frame rate varies."""
        return self.timeline.seconds

    @property
    def duration_seconds(self) -> float:
        """From the first frame to the end of the last."""
        return float(self.timeline.duration)

    @property
    def is_folder(self) -> bool:
        """Whether the video is a folder of frames rather than a file."""
        return bool(self.frame_files)

    def source_index(self, index: int) -> int:
        """Which frame of the source a frame is, from 0."""
        return self.source_indices[index] if self.source_indices else index
