"""Everything that decides the result of a training run, in one frozen configuration.

Batches are those of all processes together. Every random draw is a function of `seed` and the
number of the step, so a step is also the position in the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ctvos_core.errors import InputError
from ctvos_core.network.ctvos import PRESETS as NETWORKS
from ctvos_core.network.ctvos import NetworkConfig
from ctvos_core.training.views.cutout import MAX_AREA, SHAPES


@dataclass(frozen=True)
class PairConfig:
    """Dense contrastive correspondence between two views of the same scene (not the paper's)."""

    batch: int = 12
    """Pairs per step; 0: none of this."""
    weight: float = 1.0
    temperature: float = 0.07
    view: int = 128
    """Side of a view in pixels."""
    points: int = 128
    """Points whose place is known in both views."""
    max_gap: int = 6
    """Most frames of the cache between the two views; 0 makes both from one frame."""
    photo_share: float = 0.3
    """Share of pairs made from photos, as far as there are any."""
    scale: tuple[float, float] = (0.25, 0.8)
    """Side of a view as a fraction of the frame's short side, drawn log-uniformly."""
    rotation: float = 0.35
    """Largest rotation in radians."""
    shift: float = 0.25
    """Largest shift between the views, as a fraction of the first one's side."""


@dataclass(frozen=True)
class ClipConfig:
    """Clips of past frames, zoomed views of them, and the current frame (paper, Section 3)."""

    batch: int = 0
    """Clips per step; 0: none of this, and a network without a decoder."""
    past: int = 7
    """Frames before the current one."""
    zoom_frames: int = 1
    """Past frames of which two zoomed views are added (Table 7: 1, 3, 5; 0: none)."""
    view: int = 256
    """Side of a view in pixels."""
    max_gap: int = 3
    """Most frames of the cache from one frame of a clip to the next."""
    scale: tuple[float, float] = (0.6, 1.0)
    """Side of the random crop as a fraction of the frame's short side."""
    photo_share: float = 0.0
    """Share of pseudo-video: clips of one photo under a random affine motion."""
    motion: float = 0.0
    """Strength of the affine motion added to clips of video: 0 for none, 1 for that of photos."""
    channel_dropout: float = 0.3
    """Chance of each of a and b to be hidden from queries and keys, in a whole clip."""
    held_out: float = 0.05
    """Share of the videos and photos that clips are never drawn from but for the pictures."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """Losses on clips and what they see (`L = reconstruction + tagging`, Eq. 1)."""

    reconstruction: float = 1.0
    """Weight of the Huber loss of the decoder's image."""
    cutout: Literal["none", "square", "rectangle", "circle", "triangle"] = "square"
    cutout_size: tuple[float, float] = (0.1, 0.1)
    """Drawn between these two, per clip."""
    cutout_measure: Literal["area", "side"] = "area"
    """The size as a share of the image's area, or of its side: that of a square as large."""
    scene_attached: bool = False
    """The cutout moves with the known motion of the clip, instead of staying in the image."""
    tagging: float = 1.0
    """Lambda, weight of the tagging loss."""
    pull: bool = True
    push: bool = True
    margin: float = 0.5
    """G of the push loss, at most 1."""
    tag_pixels: int = 256
    """M, pixels drawn from each clip's cutout, and as many from the rest."""
    tag_group: Literal["batch", "clip"] = "batch"
    """Which of them have a mean tag in common. In the group of one clip, a map of the place in the
    image will do, bright above and dark below, whatever is cut out; all clips of a batch, with
    their cutouts in different places, have only the cutout in common."""
    cross_entropy: bool = False
    """Binary cross-entropy instead of pull and push (Table 6)."""
    two_tone_share: float = 0.0
    """Share of clips whose values and target are mask-like."""
    pasted_share: float = 0.0
    """Share of the mask-like clips with an object from another scene pasted in, half of the time
    beside another of the same looks that is not to be followed."""
    spoilt_share: float = 0.0
    """Share of the mask-like clips whose past masks, but for the first, are wrong as those of
    propagation are: outlines that moved, parts that are missing, leaks."""
    copy: float = 0.0
    """Weight of the loss of values carried by attention alone."""


@dataclass(frozen=True)
class TrainingConfig:
    """One run."""

    steps: int = 6000
    learning_rate: float = 5e-4
    """At the top of a cosine."""
    warm_up_steps: int = 300
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    ema_decay: float = 0.998
    """Of the moving average that becomes the model."""
    seed: int = 0
    compile: bool = False
    """Compile the encoders: minutes at the start, worth it in long runs on a GPU."""
    frames: Literal["auto", "resident", "streamed"] = "auto"
    """Frames decoded once and kept on the device, or decoded as needed; auto: kept on a GPU where
    they fill at most half of its free memory."""
    source_weights: str = ""
    """How often sources are drawn: `part of a name:factor`, separated by commas."""
    report_every: int = 50
    save_every: int = 250
    picture_every: int = 0
    """Steps between pictures of reconstructions and tag maps; 0: only at the end."""
    network: NetworkConfig = NETWORKS["default"]
    pairs: PairConfig = field(default_factory=PairConfig)
    clips: ClipConfig = field(default_factory=ClipConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)

    def __post_init__(self) -> None:
        self._expect(self.steps >= 1, "steps", "at least 1", self.steps)
        self._expect(self.seed >= 0, "seed", "at least 0", self.seed)
        for name in ("report_every", "save_every"):
            self._expect(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        samples = self.pairs.batch + self.clips.batch
        self._expect(samples > 0, "pairs.batch, clips.batch", "one above 0", samples)
        for part, view in (("pairs", self.pairs.view), ("clips", self.clips.view)):
            stride = 2 * self.network.stride
            fits = view > 0 and view % stride == 0
            self._expect(fits, f"{part}.view", f"a multiple of {stride}", view)
        zooms, past = self.clips.zoom_frames, self.clips.past
        self._expect(past >= 1, "clips.past", "at least 1", past)
        self._expect(0 <= zooms <= past, "clips.zoom_frames", f"0 to {past}", zooms)
        objective = self.objective
        shapes = ("none", *SHAPES)
        self._expect(
            objective.cutout in shapes, "objective.cutout", ", ".join(shapes), objective.cutout
        )
        areas = [self.cutout_area(size) for size in objective.cutout_size]
        self._expect(
            0 < areas[0] <= areas[1] <= MAX_AREA,
            "objective.cutout_size",
            f"at most {MAX_AREA} of the image, the smaller first",
            objective.cutout_size,
        )

    def cutout_area(self, size: float) -> float:
        """The share of the image's area that a cutout size stands for."""
        return size if self.objective.cutout_measure == "area" else size**2

    @property
    def trained_network(self) -> NetworkConfig:
        """The network of the run: clips need a decoder, and nothing else trains one."""
        return replace(self.network, decoder=self.clips.batch > 0)

    def _expect(self, holds: bool, name: str, expected: str, given: object) -> None:
        if not holds:
            raise InputError("setting_invalid", f"{name}: expected {expected}, got {given}")


PRESETS = {
    "default": TrainingConfig(
        clips=ClipConfig(batch=4, past=3, view=128, scale=(0.4, 0.9), photo_share=0.3, motion=0.5),
        # The losses on clips teach the decoder, whose steps do not depend on their weight; that of
        # the encoder is for the most part taught by pairs.
        objective=ObjectiveConfig(
            reconstruction=0.1,
            cutout_size=(0.05, 0.25),
            scene_attached=True,
            tagging=0.1,
            two_tone_share=1.0,
            pasted_share=0.5,
            copy=0.1,
        ),
    ),
    "paper": TrainingConfig(
        learning_rate=1e-4,
        weight_decay=0.0,
        network=NETWORKS["paper"],
        pairs=PairConfig(batch=0),
        clips=ClipConfig(batch=16),
    ),
}
"""`paper` is the paper's method; `default` what the packaged weights learned by: correspondence for
the encoder, and the cutout objective on mask-like values for the decoder."""
