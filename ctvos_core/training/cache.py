"""Unlabelled footage, decoded once into a compact folder that training reads at random.

`frames.bin` holds JPEG images end to end, `motion.bin` the motion from each frame to the next of
its scene (`motion.match_frames`), `index.json` where each lies and which frames form a scene.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.training.motion import grid_points, match_frames
from ctvos_core.video import open_frames

VIDEO_SUFFIXES = {".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v"}
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_JPEG_QUALITY = 90
# Flow that agrees forward and back in less than this share of a frame means another scene begins.
_MIN_MATCHED = 0.2


@dataclass(frozen=True)
class Scene:
    """Consecutive frames without a cut; a photo is a scene of one frame."""

    source: str
    first: int
    count: int
    height: int
    width: int
    motion_pixels: float
    """Median length of the displacement from frame to frame; 0 for a photo."""


@dataclass
class CacheIndex:
    """What `index.json` holds."""

    frames_per_second: float
    short_side: int
    scenes: list[Scene] = field(default_factory=list)
    offsets: list[int] = field(default_factory=lambda: [0])
    motion_offsets: list[int] = field(default_factory=lambda: [0])
    skipped: dict[str, str] = field(default_factory=dict)
    """File and reason, for everything that was found and not used."""


class FrameCache:
    """Random access to a cache folder."""

    def __init__(self, folder: Path) -> None:
        raw = json.loads((folder / "index.json").read_text())
        raw["scenes"] = [Scene(**scene) for scene in raw["scenes"]]
        self.index = CacheIndex(**raw)
        self._frames = _map(folder / "frames.bin")
        self._motion = _map(folder / "motion.bin")

    @property
    def scenes(self) -> list[Scene]:
        """All scenes, in the order of the files."""
        return self.index.scenes

    def frame(self, number: int) -> np.ndarray:
        """Frame `number` of the cache: (H, W, 3) uint8 RGB."""
        start, stop = self.index.offsets[number : number + 2]
        image = cv2.imdecode(self._frames[start:stop], cv2.IMREAD_COLOR_RGB)
        assert image is not None, f"frame {number} of the cache is damaged"
        return image

    def motion(self, scene: Scene, number: int) -> np.ndarray:
        """(h, w, 2) displacement from frame `number` to the next one of its scene."""
        start, stop = self.index.motion_offsets[number : number + 2]
        h, w, _ = grid_points(scene.height, scene.width).shape
        return self._motion[start:stop].view(np.float16).reshape(h, w, 2)


def build_cache(
    folders: Iterable[Path],
    out: Path,
    frames_per_second: float = 6.0,
    short_side: int = 256,
    report: Callable[[str], None] = lambda line: None,
) -> FrameCache:
    """Decode every video and photo below `folders` into a new cache folder.

    Args:
        folders: searched recursively.
        out: written here; `index.json` comes last, so a folder without it is an unfinished one.
        frames_per_second: frames of a video are taken at this rate.
        short_side: pixels; larger frames are scaled down to it.
        report: called with a line of progress now and then.

    Raises:
        InputError: when not one frame could be used.
    """
    folders = list(folders)
    out.mkdir(parents=True, exist_ok=True)
    index = CacheIndex(frames_per_second, short_side)
    files = sorted(p for folder in folders for p in folder.rglob("*") if p.is_file())
    with (out / "frames.bin").open("wb") as frames, (out / "motion.bin").open("wb") as motion:
        writer = _CacheWriter(index, frames, motion)
        for number, path in enumerate(files):
            try:
                writer.add_file(path)
            except InputError as error:
                index.skipped[str(path)] = str(error)
            if number % 50 == 49:
                report(f"{number + 1}/{len(files)} files, {len(index.offsets) - 1} frames")
        writer.finish()
    if not index.scenes:
        places = ", ".join(map(str, folders))
        raise InputError("no_footage", f"{places}: expected videos or photos, found none usable")
    partial = out / "index.json.partial"
    partial.write_text(json.dumps(asdict(index)))
    partial.replace(out / "index.json")
    return FrameCache(out)


class _CacheWriter:
    """Appends frames to the two files and keeps the index true after each of them."""

    def __init__(self, index: CacheIndex, frames: BinaryIO, motion: BinaryIO) -> None:
        self._index, self._frames, self._motion = index, frames, motion
        self._source = ""
        self._previous: np.ndarray | None = None
        self._lengths: list[float] = []
        self._first = 0

    def add_file(self, path: Path) -> None:
        """Add a video or a photo; raises InputError at what cannot be read, keeping what could."""
        self._end_scene()
        self._source = path.name
        if path.suffix.lower() in PHOTO_SUFFIXES:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
            if image is None:
                raise InputError("not_an_image", f"{path}: expected a photo, cannot be read as one")
            self._add(image)
        elif path.suffix.lower() in VIDEO_SUFFIXES:
            for image in _sampled(path, self._index.frames_per_second):
                self._add(image)

    def finish(self) -> None:
        """Close the last scene; afterwards the index is complete."""
        self._end_scene()
        self._index.motion_offsets.append(self._index.motion_offsets[-1])

    def _add(self, image: np.ndarray) -> None:
        index = self._index
        image = _shrink(image, index.short_side)
        moved = None
        if self._previous is not None and image.shape == self._previous.shape:
            moved = match_frames(self._previous, image)
            if np.isfinite(moved[..., 0]).mean() < _MIN_MATCHED:
                moved = None
        if moved is None:
            self._end_scene()
        else:
            lengths = np.linalg.norm(moved.astype(np.float32), axis=-1)
            self._lengths.append(float(np.nanmedian(lengths)))
        if len(index.offsets) > 1:
            written = 0 if moved is None else self._motion.write(moved.tobytes())
            index.motion_offsets.append(index.motion_offsets[-1] + written)
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        index.offsets.append(index.offsets[-1] + self._frames.write(jpeg.tobytes()))
        self._previous = image

    def _end_scene(self) -> None:
        count = len(self._index.offsets) - 1 - self._first
        if count and self._previous is not None:
            height, width = self._previous.shape[:2]
            median = float(np.median(self._lengths)) if self._lengths else 0.0
            scene = Scene(self._source, self._first, count, height, width, median)
            self._index.scenes.append(scene)
        self._previous, self._lengths, self._first = None, [], self._first + count


def _map(path: Path) -> np.ndarray:
    # Photos alone leave no motion, and an empty file cannot be mapped.
    return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)


def _sampled(path: Path, frames_per_second: float) -> Iterator[np.ndarray]:
    due = 0.0
    for frame in open_frames(path).frames():
        if frame.time_seconds >= due - 1e-3:
            due += 1 / frames_per_second
            yield frame.image


def _shrink(image: np.ndarray, short_side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
