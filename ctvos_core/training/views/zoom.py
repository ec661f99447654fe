"""Zoom-in views: enlarged parts of past frames among the keys and values (paper, Section 3.1)."""

from __future__ import annotations

import numpy as np

FACTORS = (1.5, 2.0)
"""Two views per zoomed frame, besides the frame itself at 1."""
JITTER = 0.2
"""Each factor is drawn from so far around it."""


def draw_zooms(
    rng: np.random.Generator, past: int, frames: int, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Zoomed views of different random past frames.

    Args:
        rng: source of randomness.
        past: number of past frames.
        frames: how many of them are zoomed: 1, 3 or 5 in Table 7; 0 for none.
        side: S, pixels of a view's side.

    Returns:
        (2 * frames,) index of the past frame of each view, and (2 * frames, 2, 3) maps from pixels
        of the zoomed view to pixels of that frame's view, inside of which the zoomed view lies.

    Raises:
        ValueError: more frames to zoom than there are.
    """
    if frames > past:
        raise ValueError(f"frames: expected at most {past}, got {frames}")
    chosen = np.repeat(rng.choice(past, frames, replace=False), len(FACTORS))
    maps = np.zeros((len(chosen), 2, 3))
    for n, factor in enumerate(FACTORS * frames):
        zoom = factor + rng.uniform(-JITTER, JITTER)
        maps[n, :, :2] = np.eye(2) / zoom
        maps[n, :, 2] = rng.uniform(0, 1, 2) * (side - 1) * (1 - 1 / zoom)
    return chosen, maps
