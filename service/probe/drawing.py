"""Frames of an uploaded video as JPEGs: what the guarded child does when asked for some."""

from pathlib import Path
from typing import Any

_JPEG_QUALITY = 92


def draw_frames(order: dict[str, Any], max_frames: int) -> dict[str, Any]:
    """Write frames as they are displayed, `<index>.jpg` each, into the folder worked in.

    Args:
        order: `video` (path of a file, or of a zip of frames), `start` and `stop` (T is enough).
        max_frames: most images that are taken from a zip.

    Raises:
        InputError: as `ctvos_core.video`; frames before the one at fault are written.
    """
    import cv2

    from ctvos_core.video.decode import open_frames
    from ctvos_core.video.frames_zip import is_zip, unpack_frames

    path = Path(order["video"])
    if is_zip(path):
        archive, path = path, Path("frames")
        path.mkdir()
        unpack_frames(archive, path, max_frames)
    reader = open_frames(path)
    stop = min(order["stop"], len(reader))
    for frame in reader.frames(order["start"], stop):
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(f"{frame.index}.jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return {"stop": stop}
