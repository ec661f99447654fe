"""What can be made of masks besides: names, files, and what formats cannot hold."""

from collections.abc import Collection
from typing import Literal

from ctvos_core.errors import InputError

Extra = Literal["overlay", "coco", "alpha"]
FILES: dict[Extra, str] = {"overlay": "overlay.mp4", "coco": "coco.json", "alpha": "alpha.webm"}
_MAX_SIDES: dict[Extra, tuple[str, int]] = {"overlay": ("H.264", 16384), "alpha": ("VP9", 65535)}


def require_possible(extras: Collection[str], size: tuple[int, int]) -> None:
    """Refuse, before any work, what a video's size alone makes impossible.

    Args:
        extras: what is asked for; names of other things are passed over.
        size: (width, height) of the video.

    Raises:
        InputError: `output_impossible`.
    """
    for extra, (codec, most) in _MAX_SIDES.items():
        if extra in extras and max(size) > most:
            raise InputError(
                "output_impossible",
                f"{extra}: expected frames of at most {most} pixels a side, which {codec} can "
                f"hold, got {size[0]}x{size[1]}; leave it out",
            )
