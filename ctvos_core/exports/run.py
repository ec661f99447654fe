"""Exports of a video's masks: which there are, and how they are made."""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from ctvos_core.errors import InputError
from ctvos_core.exports.cvat import cvat
from ctvos_core.exports.label_studio import label_studio
from ctvos_core.exports.labelme import labelme
from ctvos_core.exports.mattes import exr, png_rgba, prores
from ctvos_core.exports.mots import mots
from ctvos_core.exports.npz import npz
from ctvos_core.exports.voc import voc
from ctvos_core.exports.writer import ExportClip, Exporter, ExportFrame, ExportOptions
from ctvos_core.exports.yolo import yolo_seg
from ctvos_core.exports.youtube_vis import youtube_vis
from ctvos_core.results.mask_reader import read_mask
from ctvos_core.results.masks import LabelMap
from ctvos_core.video.decode import FrameReader, open_frames
from ctvos_core.video.outputs import prepare_output_folder, writing
from ctvos_core.video.range import chosen_frames

FORMATS: Final[Mapping[str, Exporter]] = {
    "youtube-vis": youtube_vis,
    "yolo-seg": yolo_seg,
    "mots": mots,
    "cvat": cvat,
    "label-studio": label_studio,
    "labelme": labelme,
    "voc": voc,
    "npz": npz,
    "png-rgba": png_rgba,
    "exr": exr,
    "prores": prores,
}

Scores = Callable[[int], Mapping[int, float]]
"""Frame index to confidence by object id."""

EXPORTING = "exporting"
Progress = Callable[[str, int, int], None]
"""Called with `EXPORTING`, frames done and frames in all; an exception of its own ends the work."""


def checked_formats(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once.

    Raises:
        InputError: `export_format_unknown`.
    """
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in FORMATS:
            raise InputError(
                "export_format_unknown",
                f"{name}: expected a format among {', '.join(FORMATS)}, got another",
            )
    return chosen


def require_free(folder: str | os.PathLike[str], formats: Iterable[str]) -> None:
    """Refuse to write where something is already.

    Raises:
        InputError: `output_has_results`.
    """
    for name in formats:
        path = Path(folder) / name
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise InputError(
                "output_has_results",
                f"{path}: expected no export there yet, got one; name another folder, or replace "
                "it with --overwrite",
            )


def export_video(
    frames: FrameReader,
    labels: Callable[[int], LabelMap],
    folder: str | os.PathLike[str],
    formats: Sequence[str],
    names: Mapping[int, str],
    *,
    scores: Scores = lambda index: {},
    options: ExportOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Write masks in other tools' formats; the video is read once, for all of them.

    Args:
        frames: the video.
        labels: frame index to label map, uint8 H x W.
        folder: each format gets a folder of its name in it as soon as it is complete.
        formats: see `FORMATS`.
        names: the label of each object by id.
        scores: see `Scores`.
        options: what some formats leave open.
        overwrite: replace what is there.
        progress: called after every frame.

    Returns:
        The folders, one per format.

    Raises:
        InputError: `name_invalid`; as `checked_formats`, `require_free` and the formats do, or the
            video cannot be decoded.
    """
    chosen = checked_formats(formats)
    _require_names(names)
    clip = ExportClip(frames.info, dict(sorted(names.items())), options or ExportOptions())
    if not overwrite:
        require_free(folder, chosen)
    parent = prepare_output_folder(folder)
    with ExitStack() as stack:
        writers = []
        for name in chosen:
            path = stack.enter_context(_replacing_folder(parent / name))
            writers.append(stack.enter_context(FORMATS[name](path, clip)))
        for done, frame in enumerate(frames.frames(), 1):
            shown = ExportFrame(frame, labels(frame.index), scores(frame.index))
            for add in writers:
                add(shown)
            if progress is not None:
                progress(EXPORTING, done, len(frames))
    return [parent / name for name in chosen]


def _require_names(names: Mapping[int, str]) -> None:
    """Many formats are lines of text."""
    for object_id, name in names.items():
        if not name.strip() or not name.isprintable():
            raise InputError(
                "name_invalid",
                f"object {object_id}: expected a name of printable characters, got {name!r}",
            )


def export_results(
    results: str | os.PathLike[str],
    video: str | os.PathLike[str],
    formats: Sequence[str],
    *,
    folder: str | os.PathLike[str] | None = None,
    names: Mapping[int, str] | None = None,
    options: ExportOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Export what a segmentation left; nothing is propagated again.

    Args:
        results: the folder with masks and `confidence.json`, which names the frames and objects.
        video: what was segmented.
        formats: see `FORMATS`.
        folder: where exports go; by default `exports` in the results.
        names: labels by object id, in place of those in the results.
        options: what some formats leave open.
        overwrite: replace what is there.
        progress: called after every frame.

    Raises:
        InputError: `results_unreadable`, `results_of_another_video`, `name_without_object`; as
            `open_frames`, `read_mask` and `export_video` do.
    """
    results = Path(results)
    record = _read_record(results)
    frames = open_frames(video)
    places = {stem: index for index, stem in enumerate(frames.info.stems)}
    stems = [entry["name"] for entry in record["frames"]]
    unknown = [stem for stem in stems if stem not in places]
    if unknown:
        raise InputError(
            "results_of_another_video",
            f"{results}: expected results of {video}, whose frames are {frames.info.stems[0]} to "
            f"{frames.info.stems[-1]}, got a frame {unknown[0]}",
        )
    chosen = chosen_frames(frames, [places[stem] for stem in stems])
    known = {int(i): f"object {i}" for i in record["objects"]}
    known |= {int(i): str(name) for i, name in record.get("names", {}).items()}
    for object_id in names or {}:
        if object_id not in known:
            raise InputError(
                "name_without_object",
                f"{results}: expected names for objects among {sorted(known)}, got one for "
                f"{object_id}",
            )
    return export_video(
        chosen,
        lambda index: read_mask(
            results / f"{stems[index]}.png", chosen.info.size, allow_empty=True
        ),
        results / "exports" if folder is None else folder,
        formats,
        known | dict(names or {}),
        scores=lambda index: {
            int(i): float(value) for i, value in record["frames"][index]["confidence"].items()
        },
        options=options,
        overwrite=overwrite,
        progress=progress,
    )


def _read_record(results: Path) -> dict[str, Any]:
    path = results / "confidence.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not record["objects"] or not record["frames"]:
            raise ValueError("no objects or no frames")
        for entry in record["frames"]:
            entry["name"], entry["confidence"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            "results_unreadable",
            f"{results}: expected a folder with masks and confidence.json, as segment writes: "
            f"{error}",
        ) from error
    return dict(record)


@contextmanager
def _replacing_folder(path: Path) -> Iterator[Path]:
    """An empty folder that becomes `path` on success, and goes on an exception."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with writing(path):
            temporary.mkdir()
            yield temporary
            if path.is_dir():
                shutil.rmtree(path)
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
