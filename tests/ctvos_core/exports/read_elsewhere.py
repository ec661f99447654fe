"""Run by an interpreter that has the readers of readers.txt: what they see in exports.

Writes an .npz in which `<format>/<stem>/<id>/<name>` is a mask.
"""

import json
import sys
from pathlib import Path

import datumaro
import numpy as np
from label_studio_sdk.converter.brush import decode_rle
from label_studio_sdk.label_interface import LabelInterface


def label_studio(folder):
    interface = LabelInterface((folder / "label_config.xml").read_text())
    for task in json.loads((folder / "tasks.json").read_text()):
        stem = Path(task["data"]["image"]).stem
        (prediction,) = task["predictions"]
        assert interface.validate_prediction(prediction)
        for region in prediction["result"]:
            shape = region["original_height"], region["original_width"], 4
            pixels = decode_rle(region["value"]["rle"]).reshape(shape)
            (name,) = region["value"]["brushlabels"]
            yield stem, region["id"], name, pixels[..., 3] > 0


def with_datumaro(path, format_, id_of):
    dataset = datumaro.Dataset.import_from(str(path), format_)
    labels = dataset.categories()[datumaro.AnnotationType.label]
    for item in dataset:
        for shape in item.annotations:
            yield Path(item.id).stem, id_of(shape), labels[shape.label].name, shape.image > 0


def main(root, out):
    found = {
        "label-studio": label_studio(root / "label-studio"),
        "voc": with_datumaro(root / "voc", "voc_segmentation", lambda shape: shape.group),
        "mots": with_datumaro(root / "mots", "mots", lambda shape: shape.attributes["track_id"]),
        "cvat": with_datumaro(root / "cvat-task", "cvat", lambda shape: shape.group),
    }
    masks = {
        f"{format_}/{stem}/{int(object_id)}/{name}": mask
        for format_, shapes in found.items()
        for stem, object_id, name, mask in shapes
    }
    np.savez_compressed(out, **masks)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
