"""Step-by-step propagation: one frame in, its label map out, bounded memory in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ctvos_core.errors import InputError
from ctvos_core.network.attention import TiledAttention, prepare
from ctvos_core.network.colour import rgb_to_lab
from ctvos_core.network.ctvos import CTVOS
from ctvos_core.network.devices import network_dtype, select_device
from ctvos_core.network.encoder import Features
from ctvos_core.network.inference import inference_copy
from ctvos_core.propagation.confidence import expected_overlaps
from ctvos_core.propagation.continuity import without_jumps
from ctvos_core.propagation.labels import (
    ObjectSlots,
    check_labels,
    one_hot,
    pixels_to_cells,
    prune,
    render,
    telling_cells,
)
from ctvos_core.propagation.memory import FrameMemory
from ctvos_core.propagation.readouts import ReadoutName, make_readout
from ctvos_core.propagation.tidy import tidy


@dataclass(frozen=True)
class PropagationConfig:
    """How masks are carried. The defaults are the best found on the development set."""

    readout: ReadoutName | None = None
    """None: blend if the model has a decoder, copy if not."""
    short_side: int = 480
    """Pixels: frames are scaled to it before they are encoded, but never enlarged more than twice;
    masks keep the frame's size."""
    recent_frames: int = 7
    """Frames before the current one that are remembered."""
    given_frames: int = 8
    """Frames with given masks that are remembered; the first is never dropped."""
    recent_radius: int | None = 8
    """Window in cells around a query in the recent frames; None: all of the frame. Given frames are
    always seen as a whole, so that an object that moved far or was hidden is found again."""
    key_dims: int | None = 64
    """Principal components of the first frame's keys that similarities are computed from; None:
    all channels."""
    label_parts: int = 1
    """The copied labels of a cell are kept for so many parts of it in y and in x (1, 2, 4 or 8):
    more give sharper outlines, and drift sooner."""
    top_k: int | None = 4
    """Keys per query that take part."""
    prune_below: float = 0.05
    """Probabilities under it become 0: they are leaks from afar."""
    jump_radius: int | None = 16
    """An object most of which is found within so many cells of its place in the last frame is
    nowhere else: see `continuity.without_jumps`; None: look-alikes may be taken for it."""
    tidy_share: float = 0.05
    """Parts of an object, and holes in it, with less than this share of its area are taken out of
    label maps (not out of memory: that loses thin objects); 0: none are."""
    tile: int = 12
    """Side of an attention tile in cells."""


class Segmentation(NamedTuple):
    """The objects in one frame."""

    labels: np.ndarray
    """(H, W) uint8 at the frame's own size: ids as given, 0 for the background."""
    confidence: dict[int, float]
    """Per id, in [0, 1]: see `confidence.expected_overlaps`; 1 for what was given."""
    scores: np.ndarray
    """(K+1, h parts, w parts) float16 probabilities in parts of cells (see `readouts`): the
    background's, then each of `confidence`'s."""


class Propagator:
    """Carries masks from frame to frame.

    Frames are given one by one in the order of propagation (backwards in time is as good).
    Inference mode and precision are set inside: the caller needs nothing around the calls.

    Args:
        model: a network; it is copied.
        config: how to propagate; by default `PropagationConfig()`.
        device: "auto" (a GPU if there is one), "cpu", "cuda" or "cuda:N".
        ids: object ids whose slots are fixed beforehand; others are added as masks bring them.
    """

    def __init__(
        self,
        model: CTVOS,
        config: PropagationConfig | None = None,
        device: str | torch.device = "auto",
        ids: Sequence[int] = (),
    ) -> None:
        self.config = config = config or PropagationConfig()
        self.device = select_device(device)
        self._dtype = network_dtype(self.device)
        self._model = inference_copy(model, self.device, self._dtype)
        self._readout = make_readout(config.readout, self._model, config.label_parts)
        self._attention = TiledAttention(config.top_k, config.tile)
        self._stride = model.config.stride
        self._slots = ObjectSlots(ids)
        self._told: set[int] = set()
        self._memory = FrameMemory(config.given_frames, config.recent_frames, config.recent_radius)
        self._basis: Tensor | None = None
        self._before = torch.empty(0)
        """(K+1, h, w) soft masks of the last frame."""

    @property
    def ids(self) -> tuple[int, ...]:
        """Object ids in the order of their slots."""
        return tuple(self._slots.ids)

    @torch.inference_mode()
    def step(
        self,
        frame: np.ndarray,
        masks: np.ndarray | None = None,
        objects: Sequence[int] | None = None,
    ) -> Segmentation:
        """Segment the next frame.

        Args:
            frame: (H, W, 3) uint8 RGB, of the same size in every call.
            masks: (H, W) uint8 ids of objects whose mask in this frame is known. Pixels that are 0
                in it stay with the objects that it does not speak for.
            objects: ids that `masks` speaks for; by default those present in it. An id named here
                and absent from `masks` is known not to be in this frame.

        Returns:
            The label map and confidences, on the CPU.

        Raises:
            InputError: wrong type or size of `frame` or `masks`; no mask with or before this frame.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise InputError(
                "frame_not_rgb",
                f"frame: expected a uint8 array (H, W, 3), got {frame.dtype} {frame.shape}",
            )
        size = frame.shape[:2]
        if masks is not None:
            check_labels(masks, *size)
        elif not self._memory:
            raise InputError("no_mask", "masks: expected with the first frame, got none")
        working = self._working_size(size)
        query, queries, keys = self._encode(frame, working)
        soft = self._propagate(query, queries) if self._memory else None
        labels = np.zeros(size, np.uint8) if soft is None else self._render(soft, size, working)
        is_correction = False
        if masks is not None:
            named = self._slots.add(masks, objects)
            is_correction = not self._told.isdisjoint(named)
            self._told.update(named)
            if not self._slots.ids:
                raise InputError("mask_empty", "masks: expected at least one object, got none")
            kept = np.where(np.isin(labels, named), 0, labels)
            labels = np.where(masks > 0, masks, kept)
            small = cv2.resize(labels, working[::-1], interpolation=cv2.INTER_NEAREST)
            pixels = one_hot(self._slots.to_slots(small).to(self.device), len(self.ids))
            h, w = query.out.shape[-2:]
            soft = pixels_to_cells(pixels, (h, w), self._stride, self._readout.parts)
        assert soft is not None
        cells = F.avg_pool2d(soft, self._readout.parts)
        self._before = cells
        values = self._readout.values(soft).half()  # most of what is remembered
        if is_correction:
            # What went wrong in the frames before would go wrong again: of the recent frames this
            # one alone is to be believed.
            self._memory.forget_recent()
        # A given frame is a recent one, too: of two look-alikes the window tells which is which.
        self._memory.add_recent(keys, values)
        found = self._segmentation(labels, soft)
        if masks is not None:
            self._memory.add_given(keys, values, telling_cells(cells))
            found.confidence.update(dict.fromkeys(named, 1.0))
        return found

    def render(self, scores: np.ndarray, size: tuple[int, int]) -> Segmentation:
        """What `Segmentation.scores` of a frame of (H, W) pixels show."""
        soft = torch.from_numpy(scores.astype(np.float32))
        return self._segmentation(self._render(soft, size, self._working_size(size)), soft)

    def _render(self, soft: Tensor, size: tuple[int, int], working: tuple[int, int]) -> np.ndarray:
        labels = render(soft, self.ids, size, working, self._stride, self._readout.parts)
        return tidy(labels, self.ids, self.config.tidy_share)

    def _working_size(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = min(2.0, self.config.short_side / min(size))
        return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)

    def _encode(
        self, frame: np.ndarray, working: tuple[int, int]
    ) -> tuple[Features, Tensor, Tensor]:
        """Query features, and prepared (C, h, w) queries and keys, of a frame."""
        if frame.shape[:2] != working:
            frame = cv2.resize(frame, working[::-1], interpolation=cv2.INTER_AREA)
        image = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device)
        lab = rgb_to_lab(image.permute(2, 0, 1)[None])
        H, W = working
        padded = F.pad(lab, (0, -W % self._stride, 0, -H % self._stride), mode="replicate")
        padded = padded.to(self._dtype, memory_format=torch.channels_last)
        query = self._model.encode_query(padded)
        if self._model.config.shared_encoder:
            keys = self._compress(query.out)
            return query, keys, keys
        keys = self._compress(self._model.encode_key(padded))
        return query, self._compress(query.out), keys

    def _compress(self, raw: Tensor) -> Tensor:
        """(1, C, h, w) queries or keys, prepared and in the basis that the first keys set."""
        prepared = prepare(raw.float(), self._model.config.attention)[0]
        tokens = prepared.permute(1, 2, 0)
        dims = self.config.key_dims
        if dims is None or dims >= len(prepared):
            return prepared.to(self._dtype)
        if self._basis is None:
            flat = tokens.flatten(0, 1)
            # Eigenvalues ascend: the last columns are the leading components.
            self._basis = torch.linalg.eigh(flat.T @ flat).eigenvectors[:, -dims:]
        return (tokens @ self._basis).permute(2, 0, 1).to(self._dtype)

    def _propagate(self, query: Features, queries: Tensor) -> Tensor:
        """(K+1, h parts, w parts) soft masks of the current frame."""
        count = len(self.ids)
        attended = self._attention(queries[None], self._memory.groups(count))[0]
        soft = self._readout.read(attended.unflatten(0, (count, -1)), query)
        soft = prune(soft, self.config.prune_below)
        radius = self.config.jump_radius
        return soft if radius is None else without_jumps(soft, self._before, radius)

    def _segmentation(self, labels: np.ndarray, scores: Tensor) -> Segmentation:
        cells = F.avg_pool2d(scores, self._readout.parts)
        confidence = dict(zip(self.ids, expected_overlaps(cells), strict=True))
        return Segmentation(labels, confidence, scores.half().cpu().numpy())
