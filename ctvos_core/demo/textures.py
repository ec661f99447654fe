"""Textures of the demo clip: multi-scale noise, pebbles, bamboo and koi, from a seed."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
"""float32 H x W x 3 (RGB, 0..1), or H x W."""


class Sprite(NamedTuple):
    """A picture with a soft outline."""

    colour: Image
    """H x W x 3."""
    alpha: Image
    """H x W: how much of a pixel it covers."""


def noise(rng: np.random.Generator, size: tuple[int, int], cell: float, octaves: int = 5) -> Image:
    """Smooth noise of (H, W), 0..1: each octave half as coarse and strong; `cell` in pixels."""
    height, width = size
    total = np.zeros(size, np.float32)
    for octave in range(octaves):
        step = max(cell / 2**octave, 1.0)
        grid = rng.random((int(height / step) + 3, int(width / step) + 3), np.float32)
        shape = round(grid.shape[1] * step), round(grid.shape[0] * step)
        layer = cv2.resize(grid, shape, interpolation=cv2.INTER_CUBIC)
        total += np.asarray(layer[:height, :width], np.float32) / 2**octave
    low, high = np.percentile(total, (1, 99))
    return np.clip((total - low) / (high - low), 0, 1).astype(np.float32)


def pond_floor(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    """Pebbles under drifts of sand and moss, (H, W, 3)."""
    height, width = size
    seeds = np.full(size, 255, np.uint8)
    count = height * width // 500
    seeds[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    warp = (noise(rng, size, 24, 3) - 0.5) * 14
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    distance, owner = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.asarray(owner)
    tone = rng.random(int(owner.max()) + 1, np.float32)[owner]
    warped = (columns + warp, rows + np.roll(warp, 31, 0))
    tone = cv2.remap(tone, *warped, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    depth = cv2.remap(distance, *warped, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    tone = cv2.GaussianBlur(tone, (0, 0), 1.0)
    pebbles = (0.42 + 0.60 * tone) * np.clip(1.15 - depth / 22, 0.45, 1.0)
    grain = 0.85 + 0.3 * noise(rng, size, 6, 3)
    hue = noise(rng, size, 260)[..., None]
    grey, brown = np.array([0.72, 0.74, 0.70]), np.array([0.66, 0.58, 0.42])
    floor = (pebbles * grain)[..., None] * (grey * hue + brown * (1 - hue))
    moss = np.clip((noise(rng, size, 130) - 0.52) * 4, 0, 0.85)[..., None]
    green = np.array([0.18, 0.30, 0.17]) * (0.6 + 0.6 * noise(rng, size, 12, 4))[..., None]
    floor = floor * (1 - moss) + green * moss
    return np.ascontiguousarray(
        floor * (0.75 + 0.4 * noise(rng, size, 340, 2))[..., None], np.float32
    )


def bamboo(rng: np.random.Generator, length: int, width: int) -> Sprite:
    """An upright stalk, `length` x `width` pixels."""
    rows, columns = np.mgrid[:length, :width].astype(np.float32)
    across = columns / (width - 1) * 2 - 1
    fibre = cv2.resize(noise(rng, (length // 24, width), 3, 3), (width, length))
    spots = noise(rng, (length, width), 18)
    round_light = 0.35 + 0.75 * np.sqrt(np.clip(1 - (across + 0.25) ** 2 * 0.75, 0, 1))
    along = (rows + 40) % 150
    node = np.exp(-(((along - 75) / 3.0) ** 2)) - 0.5 * np.exp(-(((along - 82) / 4.0) ** 2))
    light = round_light * (0.82 + 0.25 * fibre) * (0.85 + 0.25 * spots) + 0.25 * node
    ripe = np.clip(spots * 1.4 - 0.3, 0, 1)[..., None]
    colour = np.array([0.50, 0.58, 0.25]) * (1 - ripe) + np.array([0.68, 0.60, 0.33]) * ripe
    return Sprite(
        np.ascontiguousarray(np.clip(light[..., None] * colour, 0, 1), np.float32),
        np.clip((1 - np.abs(across)) * width / 2, 0, 1).astype(np.float32),
    )


def koi(
    rng: np.random.Generator, length: int, paint: tuple[float, float], cell: float = 0.2
) -> Sprite:
    """A fish seen from above, nose to the right, `length // 2` x `length` pixels.

    Args:
        rng: decides where its patches are.
        length: nose to tail, in pixels.
        paint: shares of the skin that are gold and black; the rest is white.
        cell: size of the patches, as a share of the length.
    """
    size = (length // 2, length)
    rows, columns = np.mgrid[: size[0], :length].astype(np.float32)
    u, v = 1 - (columns + 0.5) / length, (rows + 0.5 - size[0] / 2) / length
    body = np.interp(u, _BODY_U, _BODY_WIDTH) - np.abs(v)
    tail = _tail(u, v)
    fins = np.maximum(_fin(u, v, 0.27, 0.105, 0.9), _fin(u, v, 0.55, 0.065, 0.75))
    outline = np.maximum(np.maximum(body, tail), fins)
    is_body = np.clip(body * length, 0, 1)[..., None]

    patches = noise(rng, size, length * cell, 3)
    specks = noise(rng, size, length * cell * 0.8, 3)
    gold = _share(patches, paint[0])[..., None]
    black = _share(specks, paint[1])[..., None]
    skin = np.array([0.96, 0.93, 0.87]) * (1 - gold) + np.array([0.93, 0.66, 0.16]) * gold
    skin = skin * (1 - black) + np.array([0.10, 0.10, 0.12]) * black
    rays = 0.80 + 0.12 * np.sin(np.arctan2(v, u - 0.70) * 55)
    fin_colour = (0.45 * skin + 0.55 * np.array([0.93, 0.86, 0.74])) * rays[..., None]

    scales = 0.94 + 0.06 * np.sin(u * 190) * np.sin(v * 190 + np.floor(u * 60) * np.pi)
    width = np.maximum(np.interp(u, _BODY_U, _BODY_WIDTH), 1e-3)
    roundness = 0.50 + 0.55 * np.sqrt(np.clip(1 - (v / width) ** 2, 0, 1))
    light = roundness * scales * (0.92 + 0.16 * noise(rng, size, 5, 2))
    light -= 0.30 * np.exp(-((v / 0.009) ** 2)) * ((u > 0.3) & (u < 0.62))  # dorsal fin
    colour = skin * light[..., None] * is_body + fin_colour * (1 - is_body)
    for side in (-1, 1):
        eye = np.clip((0.013 - np.hypot(u - 0.075, v - side * 0.045)) * length, 0, 1)[..., None]
        colour = colour * (1 - eye) + 0.04 * eye
    return Sprite(
        np.ascontiguousarray(np.clip(colour, 0, 1), np.float32),
        np.clip(outline * length + 0.5, 0, 1).astype(np.float32),
    )


_BODY_U = np.linspace(0, 1, 101)
_BODY_WIDTH = np.maximum(
    0.118 * np.sin(np.pi * np.clip(_BODY_U / 0.86, 0, 1) ** 0.62) ** 0.8,
    0.026 * ((_BODY_U > 0.5) & (_BODY_U < 0.88)),
)


def _tail(u: Image, v: Image) -> Image:
    """How far inside the tail fin a point is, in lengths; negative outside."""
    behind = u - 0.80
    notch = 0.985 - 0.55 * np.clip(0.10 - np.abs(v), 0, None)
    side = 0.022 + 0.62 * behind - 0.9 * np.clip(behind - 0.12, 0, None) - np.abs(v)
    return np.minimum(np.minimum(side, behind), notch - u).astype(np.float32)


def _fin(u: Image, v: Image, at: float, reach: float, sweep: float) -> Image:
    """A pair of swept ellipses that begin at the body."""
    base = np.interp(at, _BODY_U, _BODY_WIDTH)
    out, back = np.abs(v) - base * 0.8, u - at
    c, s = np.cos(sweep), np.sin(sweep)
    along, across = c * out + s * back - reach * 0.55, -s * out + c * back
    inside = 1 - np.hypot(along / (reach * 0.75), across / (reach * 0.34))
    return (inside * reach * 0.34).astype(np.float32)


def _share(field: Image, share: float) -> Image:
    """Softly thresholded noise that covers `share` of the picture."""
    if share <= 0:
        return np.zeros_like(field)
    return np.clip((field - np.quantile(field, 1 - share)) * 18 + 0.5, 0, 1).astype(np.float32)
