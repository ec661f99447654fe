"""Two named objects over twelve frames: one with a hole and two parts, one that is away for two."""

from fractions import Fraction

import cv2
import numpy as np

WIDTH, HEIGHT, FRAMES = 160, 96, 12
NAMES = {2: "dog", 7: "tabby cat"}
RATE = Fraction(24000, 1001)


def truth(index: int) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(labels, (30 + 4 * index, 40), 20, 2, -1)
    cv2.circle(labels, (30 + 4 * index, 40), 7, 0, -1)  # a hole
    cv2.rectangle(labels, (20 + 4 * index, 66), (40 + 4 * index, 80), 2, -1)  # a second part
    if index not in (4, 5):
        cv2.ellipse(labels, (130, 50 + index), (18, 30), 20, 0, 360, 7, -1)
    return labels


def confidence(index: int, object_id: int) -> float:
    return 0.5 + index / 40 + object_id / 100


def picture(index: int) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([rows * 2, columns, rows + columns], -1).astype(np.uint8)
    image[truth(index) == 2] = (200, 60, 30)
    image[truth(index) == 7] = (40, 180, 220)
    return image
