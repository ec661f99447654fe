"""Unlabelled footage in a compact folder (`footage.build_cache`) that training reads at random.

`frames.bin` holds JPEG images end to end, `motion.bin` the motion from each frame to the next of
its scene (`motion.match_frames`), `index.json` where each lies and which frames form a scene.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from ctvos_core.training.footage.motion import grid_points


@dataclass(frozen=True)
class Scene:
    """Consecutive frames without a cut; a photo is a scene of one frame."""

    source: str
    """The file, as a path from the name of the folder that was searched."""
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

    @property
    def frame_count(self) -> int:
        """Frames of all scenes."""
        return len(self.index.offsets) - 1

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


def _map(path: Path) -> np.ndarray:
    # Photos alone leave no motion, and an empty file cannot be mapped.
    return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
