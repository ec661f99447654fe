"""The process that looks at uploaded files: `python -m service.probe_child`, limits and all.

Reads a `ProbeOrder` from standard input, works in the folder that it was started in, and writes a
`ProbeAnswer` to standard output. Decoders meet hostile bytes here, so the process first gives up
most of what it could do; nothing it needs beyond its folder is in its environment.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

_FEW_CPUS = 2


def main() -> None:
    """Answer one order."""
    order = json.load(sys.stdin)
    _give_up_resources(order["limits"])
    # Decoders start as many threads as they see processors, each with memory of its own.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_FEW_CPUS])
    json.dump(_answer(order), sys.stdout)


def _give_up_resources(limits: dict[str, int]) -> None:
    for what, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        # Past the soft limit of CPU time comes a signal that tells it from other deaths.
        resource.setrlimit(what, (value, value + (what == resource.RLIMIT_CPU)))


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    try:
        from ctvos_core.errors import InputError

        try:
            return _look(order)
        except InputError as error:
            return {"error": {"code": error.code, "message": str(error)}}
    except MemoryError:
        message = f"it needs more than {order['limits']['memory_bytes']} bytes of memory to look at"
        return {"error": {"code": "video_too_complex", "message": f"video: {message}"}}


def _look(order: dict[str, Any]) -> dict[str, Any]:
    if "draw" in order:
        from service.frame_drawing import draw_frames

        return draw_frames(order["draw"], order["limits"]["frames"])
    video = _look_at_video(order["video"], order["limits"]) if order["video"] else order["known"]
    masks = [_look_at_mask(mask, video) for mask in order["masks"]]
    return {"video": video, "masks": masks}


def _look_at_video(name: str, limits: dict[str, int]) -> dict[str, Any]:
    from ctvos_core.errors import InputError
    from ctvos_core.video.container import sniff_demuxer
    from ctvos_core.video.frames_zip import is_zip, unpack_frames
    from ctvos_core.video.probe import probe

    path = Path(name)
    if is_zip(path):
        suffix, frames = ".zip", Path("frames")
        frames.mkdir()
        unpack_frames(path, frames, limits["frames"])
        info = probe(frames)
    else:
        suffix = {"mov": ".mp4", "matroska": ".mkv", "avi": ".avi"}.get(sniff_demuxer(path), "")
        if not suffix:
            raise InputError(
                "video_format_unsupported",
                f"{name}: expected mp4, mov, webm, mkv, avi or a zip of frames, got another format",
            )
        info = probe(path)
    pixels = info.width * info.height
    for code, what, got, most in (
        ("video_too_large", "pixels a frame", pixels, limits["frame_pixels"]),
        ("too_many_frames", "frames", info.frame_count, limits["frames"]),
        ("video_too_long", "pixels in all", pixels * info.frame_count, limits["video_pixels"]),
    ):
        if got > most:
            raise InputError(code, f"{name}: expected at most {most} {what}, got {got}")
    return {
        "suffix": suffix,
        "width": info.width,
        "height": info.height,
        "frames": info.frame_count,
        "seconds": info.duration_seconds,
        "stems": list(info.stems) if info.is_folder else None,
    }


def _look_at_mask(mask: dict[str, Any], video: dict[str, Any]) -> dict[str, Any]:
    from ctvos_core.errors import InputError
    from ctvos_core.video.inputs import read_mask_of

    name, frame = mask["name"], mask["frame"]
    if not 0 <= frame < video["frames"]:
        raise InputError(
            "frame_out_of_range",
            f"{name}: expected a mask of a frame from 0 to {video['frames'] - 1}, the last of the "
            f"video, got one of frame {frame}",
        )
    labels, objects = read_mask_of(name, (video["width"], video["height"]), mask["objects"])
    absent = [i for i in objects if not (labels == i).any()]
    return {"frame": frame, "objects": objects, "absent": absent}


if __name__ == "__main__":
    main()
