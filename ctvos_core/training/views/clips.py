"""Clips: past frames, zoomed views of some of them, and the current frame, with one cutout."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ctvos_core.network.colour import rgb_to_lab
from ctvos_core.training.config import TrainingConfig
from ctvos_core.training.footage.cache import Scene
from ctvos_core.training.footage.scenes import SceneSampler
from ctvos_core.training.views.affine import about, chain, draw_motion
from ctvos_core.training.views.augment import hide_channels
from ctvos_core.training.views.cutout import NO_CUTOUT, Cutout, cutout_masks, draw_cutout
from ctvos_core.training.views.frames import Pixels, cut_views
from ctvos_core.training.views.pasting import PastedPlan, draw_pasted, paste
from ctvos_core.training.views.spoilt import SpoiltPlan, draw_spoilt, spoil
from ctvos_core.training.views.two_tone import two_tone
from ctvos_core.training.views.zoom import draw_zooms

_PASTED = 1.5
"""Strength of the motion of what is pasted into a clip."""
_SHARE = (0.1, 0.9)
"""Of a mask-like clip's current frame, what is not of the mask."""


class ClipPlan(NamedTuple):
    """What to cut from which frames for B clips; axis 1 are N views, the current frame last."""

    numbers: np.ndarray
    """(B, N) frames of the cache: past, zoomed, current; one more to paste from, if need be."""
    affines: np.ndarray
    """(B, N, 2, 3) float32 maps from view to frame; again one more, if need be."""
    cutouts: np.ndarray
    """(B, V, 2) float32 corners; see `cutout_masks`."""
    radii: np.ndarray
    """(B,) float32."""
    to_current: np.ndarray
    """(B, N, 2, 3) float32 maps that the cutout moves by."""
    hidden: np.ndarray
    """(B, 2) bool: colour channels hidden from queries and keys."""
    tones: np.ndarray
    """(B, 3) float32 direction of a mask-like clip in colour space; 0 for one in colours."""
    shares: np.ndarray
    """(B,) float32 share of the current frame that is of the lower tone."""
    pasted: PastedPlan | None
    """None: in a run that pastes nothing."""
    spoilt: SpoiltPlan | None
    """None: in a run that spoils nothing."""


class ClipBatch(NamedTuple):
    """B clips on the device."""

    images: Tensor
    """(B, N, 3, S, S) Lab, colours hidden at random: what queries and keys come from."""
    contents: Tensor
    """(B, N, 3, S, S) in [-1, 1] with the cutout: what values come from; the last is the target."""
    cutout: Tensor
    """(B, S, S) bool, in the current frame."""


class ClipSampler:
    """Draws clips; clip i of step n is the same however often it is drawn."""

    def __init__(self, scenes: SceneSampler, config: TrainingConfig, seed: int) -> None:
        self._scenes, self._config, self._seed = scenes, config, seed

    def plan(self, step: int, which: range) -> ClipPlan:
        """Clips `which` of a step."""
        clips = [self._clip(np.random.default_rng([self._seed, 1, step, i])) for i in which]
        *arrays, pasted, spoilt = zip(*clips, strict=True)
        layers = mistakes = None
        if self._config.objective.pasted_share:
            layers = PastedPlan._make(map(np.stack, zip(*pasted, strict=True)))
        if self._config.objective.spoilt_share:
            mistakes = SpoiltPlan._make(map(np.stack, zip(*spoilt, strict=True)))
        return ClipPlan._make([*map(np.stack, arrays), layers, mistakes])

    def _clip(self, rng: np.random.Generator) -> ClipPlan:
        config, objective = self._config.clips, self._config.objective
        scene, side = self._scenes.draw(rng), config.view
        frames = _draw_frames(rng, scene, config.past, config.max_gap)
        strength = 1.0 if scene.count == 1 else config.motion
        motion = draw_motion(rng, config.past, strength, side)
        zoomed, zooms = draw_zooms(rng, config.past, config.zoom_frames, side)

        def views(motion: np.ndarray) -> np.ndarray:
            return np.stack([*motion[:-1], *map(chain, motion[zoomed], zooms), motion[-1]])

        moved = views(motion)
        crop = _draw_crop(rng, scene, config.scale, side)
        fixed = np.tile(np.eye(2, 3), (len(moved), 1, 1))
        cutout = self._cutout(rng)
        plan = ClipPlan(
            numbers=np.concatenate([frames[:-1], frames[zoomed], frames[-1:]]),
            affines=np.stack([chain(crop, view) for view in moved]).astype(np.float32),
            cutouts=cutout.vertices,
            radii=cutout.radius,
            to_current=(moved if objective.scene_attached else fixed).astype(np.float32),
            hidden=rng.random(2) < config.channel_dropout,
            tones=(rng.normal(size=3) * (rng.random() < objective.two_tone_share)).astype(
                np.float32
            ),
            shares=np.array(rng.uniform(*_SHARE), np.float32),
            pasted=None,
            spoilt=None,
        )
        if objective.spoilt_share:
            wrong = bool(plan.tones.any()) and rng.random() < objective.spoilt_share
            plan = plan._replace(spoilt=draw_spoilt(rng, wrong, len(moved)))
        if not objective.pasted_share:
            return plan
        donor = self._scenes.draw(rng)
        number = donor.first + int(rng.integers(donor.count))
        present = bool(plan.tones.any()) and rng.random() < objective.pasted_share
        motions = [views(draw_motion(rng, config.past, _PASTED, side)) for _ in range(2)]
        cut = _draw_crop(rng, donor, config.scale, side).astype(np.float32)
        return plan._replace(
            numbers=np.append(plan.numbers, number),
            affines=np.append(plan.affines, cut[None], 0),
            pasted=draw_pasted(rng, present, side, motions),
        )

    def _cutout(self, rng: np.random.Generator) -> Cutout:
        objective = self._config.objective
        if objective.cutout == "none":
            return NO_CUTOUT
        area = self._config.cutout_area(rng.uniform(*objective.cutout_size))
        return draw_cutout(rng, objective.cutout, area, self._config.clips.view)


def load_clips(plan: ClipPlan, pixels: Pixels, side: int) -> ClipBatch:
    """Cut the views of a plan and their cutouts.

    Args:
        plan: B clips.
        pixels: the frames of `plan.numbers`, flattened; the batch is where they are.
        side: S, pixels of a view's side.
    """
    affines, vertices, radii, to_current, hidden, tones, shares = (
        torch.from_numpy(part).to(pixels.data.device, non_blocking=True) for part in plan[1:-2]
    )
    B, N = to_current.shape[:2]
    cutouts = cutout_masks(vertices, radii, side, to_current)
    views = cut_views(pixels, affines.flatten(0, 1), side)
    every = rgb_to_lab(views).clamp(-1, 1).unflatten(0, (B, -1))
    lab = every[:, :N]
    like_mask = tones.any(1)[:, None, None, None, None]
    contents = torch.where(like_mask, two_tone(lab, tones, shares), lab)
    if plan.pasted is not None:
        lab, contents = paste(lab, contents, every[:, N], plan.pasted)
    if plan.spoilt is not None:
        contents = torch.where(like_mask, spoil(contents, plan.spoilt), contents)
    return ClipBatch(
        images=hide_channels(lab, hidden[:, None]),
        contents=contents.masked_fill(cutouts[:, :, None], 0),
        cutout=cutouts[:, -1],
    )


def _draw_frames(rng: np.random.Generator, scene: Scene, past: int, max_gap: int) -> np.ndarray:
    """(past + 1,) frames of a scene, forwards or backwards; a photo's only one again and again."""
    if scene.count == 1:
        return np.full(past + 1, scene.first)
    gap = int(rng.integers(1, min(max_gap, (scene.count - 1) // past) + 1))
    first = scene.first + int(rng.integers(scene.count - gap * past))
    frames = first + gap * np.arange(past + 1)
    return frames if rng.random() < 0.5 else frames[::-1]


def _draw_crop(
    rng: np.random.Generator, scene: Scene, scale: tuple[float, float], side: int
) -> np.ndarray:
    """Map from view to frame: a random square of the frame, mirrored half of the time."""
    size = np.array([scene.width, scene.height])
    length = rng.uniform(*scale) * size.min()
    centre = length / 2 + rng.uniform(0, 1, 2) * (size - length)
    middle = np.full(2, (side - 1) / 2)
    return about(middle, centre - 0.5, length / side, 0.0, rng.random() < 0.5)
