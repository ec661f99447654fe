"""Label Studio: tasks with brush masks as predictions, and the labelling configuration."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ctvos_core.exports.run_lengths import brush_run_lengths
from ctvos_core.exports.writer import AddFrame, ExportClip, ExportFrame, JsonList
from ctvos_core.results.masks import davis_palette


@contextmanager
def label_studio(folder: Path, clip: ExportClip) -> Iterator[AddFrame]:
    """`tasks.json`, one task per frame; `label_config.xml`; `images/`.

    Regions are brush masks; the id of a region is the object's. Pictures are named as Label Studio
    serves local files, `/data/local-files/?d=images/...`, with this folder as the root.
    """
    images = folder / "images"
    images.mkdir()
    (folder / "label_config.xml").write_text(_configuration(clip), encoding="utf-8")
    with JsonList(folder / "tasks.json") as tasks:

        def add(frame: ExportFrame) -> None:
            clip.write_image(images, frame.frame)
            tasks.add(_task(frame, clip))

        yield add


def _task(frame: ExportFrame, clip: ExportClip) -> dict[str, Any]:
    index = frame.frame.index
    regions: list[dict[str, Any]] = []
    for object_id, mask in frame.objects(clip):
        region: dict[str, Any] = {
            "id": str(object_id),
            "type": "brushlabels",
            "from_name": "label",
            "to_name": "image",
            "original_width": clip.info.width,
            "original_height": clip.info.height,
            "image_rotation": 0,
            "value": {
                "format": "rle",
                "rle": brush_run_lengths(mask),
                "brushlabels": [clip.names[object_id]],
            },
        }
        if object_id in frame.scores:
            region["score"] = frame.scores[object_id]
        regions.append(region)
    prediction: dict[str, Any] = {"model_version": "ctvos", "result": regions}
    if scores := [region["score"] for region in regions if "score" in region]:
        prediction["score"] = min(scores)
    return {
        "data": {
            "image": f"/data/local-files/?d=images/{clip.image_name(index)}",
            "frame": clip.number(index),
        },
        "predictions": [prediction],
    }


def _configuration(clip: ExportClip) -> str:
    labels = ""
    for place, name in enumerate(clip.labels, 1):
        colour = "#{:02x}{:02x}{:02x}".format(*davis_palette()[place].tolist())
        labels += f"    <Label value={quoteattr(name)} background={quoteattr(colour)}/>\n"
    return (
        '<View>\n  <Image name="image" value="$image"/>\n'
        f'  <BrushLabels name="label" toName="image">\n{labels}  </BrushLabels>\n</View>\n'
    )
