"""Mattes for film and video editors: PNG and EXR sequences, ProRes 4444. One matte per object."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import OpenEXR
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    VideoReformatter,
)
from numpy.typing import NDArray

from ctvos_core.errors import InputError
from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame
from ctvos_core.results.alpha import cut_out

_PRORES = "prores_ks"
_TIME_BASE = Fraction(1, 720_000)
"""All usual frame rates (24, 25, 30, 50, 60 and their 1000/1001) are whole ticks of this."""


@contextmanager
def png_rgba(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`<object>/<object>_0001.png`: pictures with alpha. Frame 0 of the source has number 0001."""
    names = file_names(clip)
    for name in names.values():
        (folder / name).mkdir()

    def add(frame: ExportFrame) -> None:
        for object_id, name in names.items():
            bgra = cv2.cvtColor(_rgba(frame, object_id, clip), cv2.COLOR_RGBA2BGRA)
            path = folder / name / f"{name}_{_number(clip, frame)}.png"
            path.write_bytes(cv2.imencode(".png", bgra)[1].tobytes())

    yield add


@contextmanager
def exr(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`<object>/<object>_0001.exr` with the channel `Y`, and `layers/layers_0001.exr` with all.

    In the latter each object is a layer of its name with the channel `Y`, and the channel `Y`
    without a layer, which programs open that know no layers, has all objects. Values are half
    floats: 1 on the object, 0 elsewhere. `framesPerSecond` is in the header.
    """
    names = file_names(clip, taken={"layers"})
    for name in (*names.values(), "layers"):
        (folder / name).mkdir()
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "framesPerSecond": clip.info.frame_rate,
    }

    def add(frame: ExportFrame) -> None:
        number = _number(clip, frame)
        layers = {"Y": (frame.labels > 0).astype(np.float16)}
        for object_id, name in names.items():
            matte = (frame.labels == object_id).astype(np.float16)
            layers[f"{name}.Y"] = matte
            _write_exr(folder / name / f"{name}_{number}.exr", header, {"Y": matte})
        _write_exr(folder / "layers" / f"layers_{number}.exr", header, layers)

    yield add


def _write_exr(
    path: Path, header: dict[str, Any], channels: dict[str, NDArray[np.float16]]
) -> None:
    with OpenEXR.File(dict(header), dict(channels)) as file:
        file.write(str(path))


@contextmanager
def prores(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`<object>.mov`: ProRes 4444 with alpha (yuva444p10le), timed as the source is.

    The first frame is at 0, wherever it is in the source.

    Raises:
        InputError: `encoder_missing`.
    """
    if _PRORES not in av.codecs_available:
        raise InputError("encoder_missing", f"prores: expected FFmpeg with {_PRORES}, got none")
    reformatter = VideoReformatter()
    with ExitStack() as stack:
        films = {}
        for object_id, name in file_names(clip).items():
            film = stack.enter_context(av.open(str(folder / f"{name}.mov"), "w"))
            films[object_id] = film, _prores_stream(film, clip)
        starts = _starts(clip)

        def add(frame: ExportFrame) -> None:
            start = starts[frame.frame.index]
            for object_id, (film, stream) in films.items():
                picture = reformatter.reformat(
                    VideoFrame.from_ndarray(_rgba(frame, object_id, clip), "rgba"),
                    format="yuva444p10le",
                    dst_colorspace=Colorspace.ITU709,
                    dst_color_range=ColorRange.MPEG,
                )
                picture.pts, picture.time_base = start, _TIME_BASE
                picture.duration = starts[frame.frame.index + 1] - start
                film.mux(stream.encode(picture))

        yield add
        for film, stream in films.values():
            film.mux(stream.encode(None))


def _prores_stream(film: Any, clip: ExportClip) -> Any:
    options = {"profile": "4", "vendor": "apl0", "alpha_bits": "16"}
    stream = film.add_stream(_PRORES, rate=clip.info.frame_rate, options=options)
    context = stream.codec_context
    context.width, context.height = clip.info.size
    context.pix_fmt = "yuva444p10le"
    context.time_base = _TIME_BASE
    context.sample_aspect_ratio = clip.info.sample_aspect_ratio
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream


def _starts(clip: ExportClip) -> list[int]:
    """The tick at which each frame begins, and that at which the last ends, after a mean time."""
    times = clip.info.times - clip.info.times[0]
    starts = [round(time / _TIME_BASE) for time in times.tolist()]
    return [*starts, starts[-1] + max(1, round(1 / clip.info.frame_rate / _TIME_BASE))]


def file_names(clip: ExportClip, taken: set[str] | None = None) -> dict[int, str]:
    """A name for each object's files and layers: letters, digits, `_` and `-`; no two alike.

    An object's own name as far as these go; its id is added where another has that name already.
    """
    names: dict[int, str] = {}
    used = {name.lower() for name in taken or ()}
    for object_id, name in clip.names.items():
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or f"object_{object_id}"
        while plain.lower() in used:
            plain = f"{plain}_{object_id}"
        used.add(plain.lower())
        names[object_id] = plain
    return names


def _number(clip: ExportClip, frame: ExportFrame) -> str:
    return f"{clip.number(frame.frame.index) + 1:04d}"


def _rgba(frame: ExportFrame, object_id: int, clip: ExportClip) -> NDArray[np.uint8]:
    """uint8 H x W x 4; colours are the picture's near the object, or only on it."""
    mask = frame.labels == object_id
    image = frame.frame.image
    if clip.options.premultiplied:  # alpha is 0 or 1: what is not on the object becomes black
        return np.dstack([image * mask[..., None], mask.astype(np.uint8) * 255])
    return cut_out(image, mask.astype(np.uint8))
