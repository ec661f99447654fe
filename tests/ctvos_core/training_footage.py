"""Small footage and the settings of the smallest runs on it."""

import cv2
import numpy as np

from ctvos_core.video import VideoWriter

HEIGHT, WIDTH = 64, 80
CLIP_SETTINGS = (
    "preset=paper",
    "steps=3",
    "report_every=1",
    "warm_up_steps=1",
    "clips.batch=2",
    "clips.view=32",
    "clips.past=2",
)
_SMALL_PAIRS = (
    "steps=3",
    "report_every=1",
    "warm_up_steps=1",
    "network.key_channels=8",
    "pairs.batch=2",
    "pairs.view=32",
    "pairs.points=8",
)
PAIR_SETTINGS = (*_SMALL_PAIRS, "clips.batch=0")
FULL_SETTINGS = (
    *_SMALL_PAIRS,
    "clips.batch=2",
    "clips.view=32",
    "clips.past=2",
)


def draw_texture(seed):
    """A smooth random picture, larger than a frame; the higher the seed, the darker."""
    noise = np.random.default_rng(seed).integers(0, 256, (2 * HEIGHT, 2 * WIDTH, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX) // seed


def draw_pan(seed, T, step=(3, 2)):
    """T frames of a camera that moves over a picture by `step` = (x, y) pixels per frame."""
    picture = draw_texture(seed)
    places = ((16 + t * step[0], 16 + t * step[1]) for t in range(T))
    return [picture[y : y + HEIGHT, x : x + WIDTH].copy() for x, y in places]


def write_video(path, frames, rate=6):
    with VideoWriter(path, WIDTH, HEIGHT, quality=4) as writer:
        for t, frame in enumerate(frames):
            writer.write(frame, t / rate)
