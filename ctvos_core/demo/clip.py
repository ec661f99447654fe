"""A made clip with exact masks: a koi among look-alikes, that swims behind a bamboo stalk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ctvos_core.demo.textures import Image, Sprite, bamboo, koi, noise, pond_floor
from ctvos_core.results import LabelMap

FRAME_COUNT = 60
FRAME_RATE = Fraction(24)
WIDTH, HEIGHT = 640, 360
TARGET_ID = 1
_SEED = 7
_SUPERSAMPLING = 2
_FISH_PIXELS = 560
"""Length of a fish's texture: more than it ever measures on the supersampled picture."""


class DemoFrame(NamedTuple):
    """One frame and what it shows."""

    image: NDArray[np.uint8]
    """H x W x 3, RGB."""
    labels: LabelMap
    """H x W: `TARGET_ID` where at least half of a pixel is the target's visible part."""


class _Pose(NamedTuple):
    """Where a fish is, in pixels of the frame."""

    x: float
    y: float
    angle: float
    """Heading in radians, clockwise from the right."""
    length: float
    phase: float
    """Of its tail's stroke."""


@dataclass(frozen=True)
class _Path:
    """A course through points (x, y) for times 0..1, and how long the fish is at both ends."""

    points: tuple[tuple[float, float], ...]
    lengths: tuple[float, float]
    strokes: float = 4.0

    def pose(self, time: float) -> _Pose:
        x, y = self._position(time)
        ahead, behind = self._position(time + 0.01), self._position(time - 0.01)
        angle = np.arctan2(ahead[1] - behind[1], ahead[0] - behind[0])
        eased = (1 - np.cos(np.pi * time)) / 2
        length = self.lengths[0] + (self.lengths[1] - self.lengths[0]) * eased
        return _Pose(x, y, float(angle), float(length), 2 * np.pi * self.strokes * time)

    def _position(self, time: float) -> tuple[float, float]:
        """A polynomial through the points, which are evenly spaced in time: smooth throughout."""
        at = np.linspace(0, 1, len(self.points))
        curve = np.polyfit(at, np.array(self.points), len(at) - 1)
        x, y = (np.polyval(curve[:, axis], time) for axis in (0, 1))
        return float(x), float(y)


_TARGET = _Path(((115, 262), (235, 172), (375, 165), (505, 238)), (200, 256))
_BELOW = (
    _Path(((600, 50), (480, 75), (330, 50), (190, 15)), (215, 215), 3.5),
    _Path(((330, 350), (220, 325), (95, 235), (40, 90)), (200, 190), 3.0),
)
_ABOVE = (_Path(((430, 350), (510, 330), (600, 345), (700, 330)), (215, 225), 3.0),)
_STALK_X, _STALK_WIDTH = 372.0, 30
_WATER = np.array([0.012, 0.028, 0.030], np.float32)


def demo_clip(frame_count: int = FRAME_COUNT) -> Iterator[DemoFrame]:
    """The clip's first `frame_count` frames, `HEIGHT` x `WIDTH`; the same at every call."""
    scene = _Scene()
    for index in range(frame_count):
        yield scene.draw(index / (FRAME_COUNT - 1))


class _Scene:
    """All textures of the clip."""

    def __init__(self) -> None:
        rng = np.random.default_rng(_SEED)
        s = _SUPERSAMPLING
        self._size = HEIGHT * s, WIDTH * s
        self._floor = pond_floor(rng, (self._size[0] + 120, self._size[1] + 200))
        self._light = noise(rng, (self._size[0] + 200, self._size[1] + 200), 110, 2)
        self._stalk = bamboo(rng, self._size[0] + 80, _STALK_WIDTH * s)
        self._target = koi(rng, _FISH_PIXELS, (0.48, 0.0), 0.24)
        self._below = [
            koi(rng, _FISH_PIXELS, (0.30, 0.12), 0.16),
            koi(rng, _FISH_PIXELS, (0.62, 0.10), 0.30),
        ]
        self._above = [koi(rng, _FISH_PIXELS, (0.25, 0.28), 0.20)]

    def draw(self, time: float) -> DemoFrame:
        """The scene at a time, 0 (start) to 1 (end)."""
        canvas = self._shifted(self._floor, 30 + 120 * time, 20 + 60 * np.sin(1.5 * time))
        caustics = self._caustics(time)
        below = [_swim(s, p.pose(time)) for s, p in zip(self._below, _BELOW, strict=True)]
        target = _swim(self._target, _TARGET.pose(time))
        above = [_swim(s, p.pose(time)) for s, p in zip(self._above, _ABOVE, strict=True)]
        stalk = self._stand(time)

        _cast_shadow(canvas, [*below, target, *above], 14, 20)
        canvas *= (0.80 + 0.45 * caustics)[..., None]
        visible = np.zeros(self._size, np.float32)
        for fish in (*below, target, *above):
            glint = (0.88 + 0.24 * caustics[fish.window])[..., None]
            _paint(canvas, fish._replace(colour=fish.colour * glint))
            visible[fish.window] *= 1 - fish.alpha
            if fish is target:
                visible[fish.window] += fish.alpha
        canvas = canvas * 0.9 + _WATER
        _cast_shadow(canvas, [stalk], 22, 8)
        _paint(canvas, stalk)
        visible[stalk.window] *= 1 - stalk.alpha

        image = cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        coverage = cv2.resize(visible, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return DemoFrame(
            np.clip(np.asarray(image) * 255 + 0.5, 0, 255).astype(np.uint8),
            np.where(np.asarray(coverage) >= 0.5, TARGET_ID, 0).astype(np.uint8),
        )

    def _shifted(self, texture: Image, x: float, y: float) -> Image:
        """A window of a texture, its corner at (x, y)."""
        height, width = self._size
        move = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
        return np.asarray(
            cv2.warpAffine(texture, move, (width, height), flags=cv2.INTER_CUBIC), np.float32
        )

    def _caustics(self, time: float) -> Image:
        """Bright lines where two moving patterns cross the same level, H x W, 0..1."""
        one = self._shifted(self._light, 30 + 70 * time, 60)
        two = self._shifted(self._light[::-1, ::-1].copy(), 80 - 60 * time, 40 + 50 * time)
        return np.clip(1 - np.abs(one - two) * 5, 0, 1) ** 2

    def _stand(self, time: float) -> "_Layer":
        """The stalk, nearer than the floor and so faster across the picture."""
        s, lean = _SUPERSAMPLING, 0.06
        left, width = int(_STALK_X - 80 * time) * s, (_STALK_WIDTH + 30) * s
        x = (_STALK_X - 80 * time) * s - left
        move = np.array([[1, lean, x], [-lean, 1, -20]], np.float32)
        window = (slice(0, self._size[0]), slice(left, left + width))
        size = (width, self._size[0])
        return _warp(self._stalk, window, lambda p: cv2.warpAffine(p, move, size))


class _Layer(NamedTuple):
    """A sprite in its place on the supersampled picture."""

    window: tuple[slice, slice]
    colour: Image
    alpha: Image


def _swim(fish: Sprite, pose: _Pose) -> _Layer:
    """A fish in its place, its body bent by the stroke of its tail."""
    s, texture_length = _SUPERSAMPLING, fish.alpha.shape[1]
    length = pose.length * s
    reach = 0.56 * length
    window = (
        _within(pose.y * s - reach, pose.y * s + reach, HEIGHT * s),
        _within(pose.x * s - reach, pose.x * s + reach, WIDTH * s),
    )
    rows, columns = np.mgrid[window].astype(np.float32)
    dx, dy = columns + 0.5 - pose.x * s, rows + 0.5 - pose.y * s
    cosine, sine = np.cos(pose.angle), np.sin(pose.angle)
    along = (cosine * dx + sine * dy) / length  # -0.5 at the tail, 0.5 at the nose
    across = (-sine * dx + cosine * dy) / length
    to_tail = 0.5 - along
    across = across - 0.075 * np.clip(to_tail, 0, 1) ** 2 * np.sin(pose.phase - 3.5 * to_tail)
    x = ((along + 0.5) * texture_length - 0.5).astype(np.float32)
    y = (across * texture_length + fish.alpha.shape[0] / 2 - 0.5).astype(np.float32)
    return _warp(fish, window, lambda p: cv2.remap(p, x, y, cv2.INTER_LINEAR))


def _within(start: float, stop: float, size: int) -> slice:
    """Whole pixels from `start` to `stop` as far as there are any, at least one."""
    first = min(max(int(start), 0), size - 1)
    return slice(first, min(max(int(stop) + 1, first + 1), size))


def _warp(sprite: Sprite, window: tuple[slice, slice], move: Callable[[Image], object]) -> _Layer:
    """Both parts of a sprite moved alike; colours weighted by alpha, so that edges keep theirs."""
    alpha = np.asarray(move(sprite.alpha), np.float32)
    weighted = np.asarray(move(sprite.colour * sprite.alpha[..., None]), np.float32)
    colour = (weighted / np.maximum(alpha, 1e-4)[..., None]).astype(np.float32)
    return _Layer(window, colour, alpha)


def _paint(canvas: Image, layer: _Layer) -> None:
    alpha = layer.alpha[..., None]
    canvas[layer.window] *= 1 - alpha
    canvas[layer.window] += layer.colour * alpha


def _cast_shadow(canvas: Image, layers: list[_Layer], right: int, down: int) -> None:
    height, width = canvas.shape[:2]
    shade = np.zeros((height, width), np.float32)
    for layer in layers:
        shade[layer.window] = np.maximum(shade[layer.window], layer.alpha)
    # A shadow is soft: a quarter of the picture's size holds it.
    small = np.array([[0.25, 0, right / 4], [0, 0.25, down / 4]], np.float32)
    fallen = cv2.warpAffine(shade, small, (width // 4, height // 4), flags=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(fallen, (0, 0), 2.3), (width, height))
    canvas *= 1 - 0.5 * np.asarray(soft)[..., None]
