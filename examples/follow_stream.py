"""Follow an object through frames that come one at a time, as from a camera."""

from collections.abc import Iterator

import numpy as np

from ctvos_core.demo.clip import demo_clip
from ctvos_core.propagation import Propagator
from ctvos_core.weights import load_model


def areas(
    frames: Iterator[np.ndarray], first_mask: np.ndarray, object_id: int = 1
) -> Iterator[tuple[int, float]]:
    """For each frame, the object's pixels and the confidence of its mask.

    Memory does not grow with the number of frames: the stream may go on for ever.

    Args:
        frames: (H, W, 3) uint8 RGB, all of one size.
        first_mask: (H, W) uint8 label map of the first frame.
        object_id: the object to follow, one of those in the mask.
    """
    propagator = Propagator(load_model("default"))
    yield from (
        (int((found.labels == object_id).sum()), found.confidence[object_id])
        for found in (
            propagator.step(frame, first_mask if index == 0 else None)
            for index, frame in enumerate(frames)
        )
    )


def main() -> None:
    """Follow the fish of the made clip."""
    frame_count = 6
    first = next(demo_clip(frame_count))
    images = (frame.image for frame in demo_clip(frame_count))
    for index, (pixels, confidence) in enumerate(areas(images, first.labels)):
        print(f"frame {index}: {pixels} pixels, confidence {confidence:.2f}")


if __name__ == "__main__":
    main()
