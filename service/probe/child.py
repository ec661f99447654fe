"""What the guarded child does for one order: look at a video and masks, or draw frames.

Decoders meet hostile bytes here, so the child first gives up most of its rights. Its
environment holds nothing that is worth stealing. `service.probe.fork_server` says how the
child is started.
"""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

_FEW_CPUS = 2


def load() -> None:
    """Import all that any order takes."""
    for name in ("results.inputs", "video.decode", "video.frames_zip", "video.probe"):
        import_module(f"ctvos_core.{name}")
    import_module("service.probe.drawing")
    import_module("cv2")


def answer(channel: socket.socket) -> None:
    """Read an order, and write what comes of it."""
    with channel.makefile("r") as lines:
        order = json.loads(lines.readline())
    os.chdir(order["folder"])
    _give_up_resources(order["limits"])
    # Decoders start as many threads as they see processors, each with memory of its own.
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, random.sample(allowed, min(_FEW_CPUS, len(allowed))))
    channel.sendall(json.dumps(_answer(order)).encode() + b"\n")


def _give_up_resources(limits: dict[str, int]) -> None:
    for what, value in (
        (resource.RLIMIT_AS, _mapped_bytes("VmSize") + limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        # Past the soft limit of CPU time comes a signal that tells it from other deaths.
        resource.setrlimit(what, (value, value + (what == resource.RLIMIT_CPU)))


def _mapped_bytes(what: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) * 1024


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    from ctvos_core.errors import InputError

    try:
        return _look(order)
    except (InputError, MemoryError) as error:
        if isinstance(error, InputError) and not _is_memory_short(order["limits"]["memory_bytes"]):
            return {"error": {"code": error.code, "message": str(error)}}
        most = order["limits"]["memory_bytes"]
        message = f"video: it needs more than {most} bytes of memory to look at"
        return {"error": {"code": "video_too_complex", "message": message}}
    except Exception:
        return {"fault": traceback.format_exc()}


def _is_memory_short(given: int) -> bool:
    """Whether less than half is left: decoders call a video damaged that they had no room for."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] - _mapped_bytes("VmPeak") < given // 2


def _look(order: dict[str, Any]) -> dict[str, Any]:
    if "draw" in order:
        from service.probe.drawing import draw_frames

        return draw_frames(order["draw"], order["limits"]["frames"])
    from ctvos_core.results.extra_files import require_possible

    video = _look_at_video(order["video"], order["limits"]) if order["video"] else order["known"]
    require_possible(order["outputs"], (video["width"], video["height"]))
    return {"video": video, "masks": _look_at_masks(order["masks"], video)}


def _look_at_video(name: str, limits: dict[str, int]) -> dict[str, Any]:
    from ctvos_core.errors import InputError
    from ctvos_core.video.container import CONTAINERS, sniff_demuxer
    from ctvos_core.video.frames_zip import is_zip, unpack_frames
    from ctvos_core.video.probe import probe

    path = Path(name)
    if is_zip(path):
        suffix, frames = ".zip", Path("frames")
        frames.mkdir()
        unpack_frames(path, frames, limits["frames"])
        info = probe(frames)
    else:
        suffix = CONTAINERS[sniff_demuxer(path)]
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


def _look_at_masks(masks: list[dict[str, Any]], video: dict[str, Any]) -> list[dict[str, Any]]:
    """Look at masks, and rewrite those whose ids are no indices: from here on they all are."""
    from ctvos_core.errors import InputError
    from ctvos_core.results.inputs import spoken_for
    from ctvos_core.results.mask_sets import read_given_masks
    from ctvos_core.results.masks import write_mask

    for mask in masks:
        if not 0 <= mask["frame"] < video["frames"]:
            raise InputError(
                "frame_out_of_range",
                f"{mask['name']}: expected a mask of a frame from 0 to {video['frames'] - 1}, the "
                f"last of the video, got one of frame {mask['frame']}",
            )
    paths, said = [Path(mask["name"]) for mask in masks], [mask["objects"] for mask in masks]
    given = read_given_masks(paths, (video["width"], video["height"]), said)
    looked = []
    for mask, found in zip(masks, given, strict=True):
        objects = spoken_for(found, mask["objects"])
        absent = [i for i in objects if not (found.labels == i).any()]
        if found.reading != "indices":
            write_mask(found.path, found.labels)
        looked.append(
            {
                "frame": mask["frame"],
                "objects": objects,
                "absent": absent,
                "reading": found.reading,
            }
        )
    return looked
