"""A look at what the network makes of clips: pictures, and how far tags are apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ctvos_core.network.ctvos import CTVOS
from ctvos_core.objective.reconstruction import reconstruction_loss
from ctvos_core.objective.tagging import tag_difference
from ctvos_core.training.run.losses import Reconstruction, reconstruct
from ctvos_core.training.views.clips import ClipBatch


@torch.no_grad()
def inspect(network: CTVOS, clips: ClipBatch, picture: Path | None = None) -> dict[str, float]:
    """Reconstruct clips with a network in evaluation mode.

    Args:
        network: with a decoder.
        clips: B clips.
        picture: a PNG is written here, as `draw` has it.

    Returns:
        `unseen_reconstruction`, the Huber loss, and, if there are cutouts, `tag_difference`, the
        mean over the clips, and `tag_difference_elsewhere`, that for the cutouts of other clips: as
        large as the first where tags follow the place in the image and not the cutout.
    """
    found = reconstruct(network, clips)
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(picture), cv2.cvtColor(draw(clips, found), cv2.COLOR_RGB2BGR))
    target = clips.contents[:, -1]
    figures = {"unseen_reconstruction": reconstruction_loss(found.image, target).item()}
    if clips.cutout.any():
        for name, cutout in (
            ("tag_difference", clips.cutout),
            ("tag_difference_elsewhere", clips.cutout.roll(1, 0)),
        ):
            figures[name] = tag_difference(found.tags, cutout).nanmean().item()
    return figures


def draw(clips: ClipBatch, found: Reconstruction) -> np.ndarray:
    """What became of B clips.

    Returns:
        (B S, 5 S, 3) uint8 RGB, a row per clip: the first past frame, the current frame with its
        cutout (the target), the decoder's image, the tags (black 0, white 1), and the copy.
    """
    side = clips.images.shape[-1]
    rows = []
    for b in range(len(clips.images)):
        tags = (found.tags[b].cpu().numpy() * 255).round().astype(np.uint8)
        copied = cv2.resize(_rgb(found.copied[b]), (side, side), interpolation=cv2.INTER_NEAREST)
        tiles = [
            _rgb(clips.contents[b, 0]),
            _rgb(clips.contents[b, -1]),
            _rgb(found.image[b]),
            np.repeat(tags[:, :, None], 3, 2),
            copied,
        ]
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def _rgb(lab: Tensor) -> np.ndarray:
    """(3, H, W) Lab in [-1, 1] to (H, W, 3) uint8 RGB."""
    scaled = lab.float().cpu().permute(1, 2, 0).numpy() * (50, 127, 127) + (50, 0, 0)
    rgb = cv2.cvtColor(scaled.astype(np.float32), cv2.COLOR_LAB2RGB)
    return (rgb.clip(0, 1) * 255).round().astype(np.uint8)
