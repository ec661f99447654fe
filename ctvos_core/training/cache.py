"""Unlabelled footage, decoded once into a compact folder that training reads at random.

`frames.bin` holds JPEG images end to end, `motion.bin` the motion from each frame to the next of
its scene (`motion.match_frames`), `index.json` where each lies and which frames form a scene.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.training.motion import grid_points, match_frames

VIDEO_SUFFIXES = {".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v"}
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_JPEG_QUALITY = 90
# Flow that agrees forward and back in less than this share of a frame means another scene begins.
_MIN_MATCHED = 0.25


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
        self._frames = np.memmap(folder / "frames.bin", np.uint8, "r")
        self._motion = np.memmap(folder / "motion.bin", np.uint8, "r")

    @property
    def scenes(self) -> list[Scene]:
        """All scenes, in the order of the files."""
        return self.index.scenes

    def frame(self, number: int) -> np.ndarray:
        """Frame `number` of the cache: (H, W, 3) uint8 RGB."""
        start, stop = self.index.offsets[number : number + 2]
        return cv2.imdecode(self._frames[start:stop], cv2.IMREAD_COLOR_RGB)

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
    out.mkdir(parents=True, exist_ok=True)
    index = CacheIndex(frames_per_second, short_side)
    files = sorted(p for folder in folders for p in folder.rglob("*") if p.is_file())
    with (out / "frames.bin").open("wb") as frames, (out / "motion.bin").open("wb") as motion:
        for number, path in enumerate(files):
            suffix = path.suffix.lower()
            try:
                if suffix in VIDEO_SUFFIXES:
                    images: Iterator[np.ndarray] = _video_frames(path, frames_per_second)
                elif suffix in PHOTO_SUFFIXES:
                    images = _photo(path)
                else:
                    continue
                _add_scenes(index, path.name, images, frames, motion)
            except (InputError, av.FFmpegError) as error:
                index.skipped[str(path)] = str(error)
            if number % 50 == 0:
                report(f"{number}/{len(files)} files, {len(index.offsets) - 1} frames")
    if not index.scenes:
        places = ", ".join(map(str, folders))
        raise InputError("no_footage", f"{places}: expected videos or photos, found none usable")
    partial = out / "index.json.partial"
    partial.write_text(json.dumps(asdict(index)))
    os.replace(partial, out / "index.json")
    return FrameCache(out)


def _video_frames(path: Path, frames_per_second: float) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise InputError("no_video_stream", f"{path}: expected a video stream, found none")
        container.streams.video[0].thread_type = "AUTO"
        due = None
        for frame in container.decode(video=0):
            time = frame.time if frame.time is not None else 0.0
            if due is None or time >= due - 1e-3:
                due = (time if due is None else due) + 1 / frames_per_second
                yield frame.to_ndarray(format="rgb24")


def _photo(path: Path) -> Iterator[np.ndarray]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise InputError("not_an_image", f"{path}: expected a photo, could not read it as one")
    yield image


def _add_scenes(index: CacheIndex, source: str, images: Iterator, frames, motion) -> None:  # type: ignore[no-untyped-def]
    previous: np.ndarray | None = None
    first = len(index.offsets) - 1
    lengths: list[float] = []

    def close() -> None:
        nonlocal first, lengths
        count = len(index.offsets) - 1 - first
        if count and previous is not None:
            median = float(np.median(lengths)) if lengths else 0.0
            index.scenes.append(Scene(source, first, count, *previous.shape[:2], median))
        first, lengths = len(index.offsets) - 1, []

    for image in images:
        image = _shrink(image, index.short_side)
        if previous is not None:
            moved = match_frames(previous, image) if image.shape == previous.shape else None
            if moved is None or np.isfinite(moved[..., 0]).mean() < _MIN_MATCHED:
                index.motion_offsets.append(index.motion_offsets[-1])
                close()
            else:
                lengths.append(
                    float(np.nanmedian(np.linalg.norm(moved.astype(np.float32), axis=-1)))
                )
                index.motion_offsets.append(
                    index.motion_offsets[-1] + motion.write(moved.tobytes())
                )
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        index.offsets.append(index.offsets[-1] + frames.write(jpeg.tobytes()))
        previous = image
    if previous is not None:
        index.motion_offsets.append(index.motion_offsets[-1])
    close()


def _shrink(image: np.ndarray, short_side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
