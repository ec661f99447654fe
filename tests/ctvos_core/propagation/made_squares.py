"""A clip with known masks, and how well masks agree."""

import numpy as np


def moving_square(T=8, height=64, width=96, step=4, start=8):
    """T frames of a red square that moves right over a textured ground, and its label maps."""
    ground = np.random.default_rng(0).integers(60, 120, (height // 8, width // 8, 3), np.uint8)
    ground = ground.repeat(8, 0).repeat(8, 1)
    frames, labels = [], []
    for t in range(T):
        frame, label = ground.copy(), np.zeros((height, width), np.uint8)
        x = start + step * t
        frame[16:48, x : x + 24] = (230, 30, 30)
        label[16:48, x : x + 24] = 1
        frames.append(frame)
        labels.append(label)
    return frames, labels


def iou(a, b):
    return (a & b).sum() / max((a | b).sum(), 1)
