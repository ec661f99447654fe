"""Videos and photos, decoded once into a cache folder (`training.cache`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from ctvos_core.errors import InputError
from ctvos_core.training.footage.cache import CacheIndex, FrameCache, Scene
from ctvos_core.training.footage.motion import match_frames
from ctvos_core.video import open_frames, replacing
from ctvos_core.video.container import VIDEO_SUFFIXES
from ctvos_core.video.frame_files import is_frame_name, is_passed_over, natural_key
from ctvos_core.video.images import read_frame_image
from ctvos_core.video.times import Sampler

_JPEG_QUALITY = 90
# Flow that agrees forward and back in less than this share of a frame means another scene begins.
_MIN_MATCHED = 0.2
# Levels of 255: frames all of whose pixels are darker show nothing, and scenes whose frames differ
# by less on average stand still.
_BLACK = 24
_STATIC = 1.0


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
        InputError: no such folder, or not one frame in it that could be used.
    """
    folders = list(folders)
    for folder in folders:
        if not folder.is_dir():
            raise InputError("folder_missing", f"{folder}: expected a folder of videos and photos")
    files = [(path, folder) for folder in folders for path in _files(folder)]
    index = CacheIndex(frames_per_second, short_side)
    with _writing(out, index) as writer:
        for number, (path, folder) in enumerate(files):
            name = f"{folder.resolve().name}/{path.relative_to(folder)}"
            try:
                writer.add(name, _read(path, frames_per_second))
            except InputError as error:
                index.skipped[str(path)] = str(error).removeprefix(f"{path}: ")
            if number % 50 == 49:
                report(f"{number + 1}/{len(files)} files, {len(index.offsets) - 1} frames")
        if not index.scenes:
            places = ", ".join(map(str, folders))
            tried = f" among {len(files)} files" if files else ""
            raise InputError(
                "no_footage", f"{places}: expected videos or photos, found none usable{tried}"
            )
    return FrameCache(out)


def cache_frames(
    name: str, images: Iterable[np.ndarray], out: Path, frames_per_second: float, short_side: int
) -> FrameCache:
    """The cache of a single video.

    Args:
        name: of the video.
        images: (H, W, 3) uint8 RGB frames.
        out: a folder, written to.
        frames_per_second: how `images` follow each other.
        short_side: pixels; larger frames are scaled down to it.

    Raises:
        InputError: `footage_empty`, all of it is black or nothing moves.
    """
    with _writing(out, CacheIndex(frames_per_second, short_side)) as writer:
        writer.add(name, images)
    return FrameCache(out)


@contextmanager
def _writing(out: Path, index: CacheIndex) -> Iterator[_CacheWriter]:
    """Writes the frames that are added, and at the end the index."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "frames.bin").open("wb") as frames, (out / "motion.bin").open("wb") as motion:
        writer = _CacheWriter(index, frames, motion)
        yield writer
        writer.finish()
    with replacing(out / "index.json") as partial:
        partial.write_text(json.dumps(asdict(index)))


class _CacheWriter:
    """Appends frames to the two files and keeps the index true after each of them."""

    def __init__(self, index: CacheIndex, frames: BinaryIO, motion: BinaryIO) -> None:
        self._index, self._frames, self._motion = index, frames, motion
        self._source = ""
        self._previous: np.ndarray | None = None
        self._lengths: list[float] = []
        self._changes: list[float] = []
        self._first = 0

    def add(self, source: str, images: Iterable[np.ndarray]) -> None:
        """Add the frames of a video, or a photo, under a name.

        Raises:
            InputError: of no use, or only in part: what could be read before is kept.
        """
        scenes = len(self._index.scenes)
        self._source = source
        try:
            for image in images:
                self._add(image)
        finally:
            self._end_scene()
        if len(self._index.scenes) == scenes:
            raise InputError("footage_empty", "all of it is black, or nothing moves")

    def finish(self) -> None:
        """Complete the index."""
        self._index.motion_offsets.append(self._index.motion_offsets[-1])

    def _add(self, image: np.ndarray) -> None:
        index = self._index
        image = _shrink(image, index.short_side)
        if np.percentile(image, 99) < _BLACK:
            self._end_scene()
            return
        moved = None
        if self._previous is not None and image.shape == self._previous.shape:
            moved = match_frames(self._previous, image)
            if np.isfinite(moved[..., 0]).mean() < _MIN_MATCHED:
                moved = None
        if moved is None:
            self._end_scene()
        else:
            assert self._previous is not None
            self._changes.append(float(cv2.absdiff(image, self._previous).mean()))
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
        index = self._index
        count = len(index.offsets) - 1 - self._first
        if count > 1 and max(self._changes) < _STATIC:
            self._drop_scene()
        elif count and self._previous is not None:
            height, width = self._previous.shape[:2]
            median = float(np.median(self._lengths)) if self._lengths else 0.0
            scene = Scene(self._source, self._first, count, height, width, median)
            index.scenes.append(scene)
            self._first += count
        self._previous, self._lengths, self._changes = None, [], []

    def _drop_scene(self) -> None:
        """Take the frames since the last scene back."""
        index, first = self._index, self._first
        del index.offsets[first + 1 :]
        # The motion of a frame is known when the next one comes.
        del index.motion_offsets[max(first, 1) :]
        for file, end in (
            (self._frames, index.offsets[-1]),
            (self._motion, index.motion_offsets[-1]),
        ):
            file.seek(end)
            file.truncate()


def _files(folder: Path) -> list[Path]:
    """All files below a folder, in order, without hidden ones."""
    found = (p for p in folder.rglob("*") if not p.is_dir() and not is_passed_over(p.name))
    return sorted(found, key=lambda p: (p.parent, natural_key(p.name)))


def _read(path: Path, frames_per_second: float) -> Iterator[np.ndarray]:
    """The frames of a video, or a photo."""
    if is_frame_name(path.name):
        yield read_frame_image(path, 0)
    elif path.suffix.lower() in VIDEO_SUFFIXES:
        yield from _sampled(path, frames_per_second)
    else:
        raise InputError("not_footage", f"{path}: neither a video nor a photo, by its name")


def _sampled(path: Path, frames_per_second: float) -> Iterator[np.ndarray]:
    sampler = Sampler(frames_per_second)
    for frame in open_frames(path).frames():
        if sampler.takes(frame.time_seconds):
            yield frame.image


def _shrink(image: np.ndarray, short_side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
