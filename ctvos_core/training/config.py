"""Everything that decides the result of a training run. Needs no torch.

Batch sizes count the samples of all processes together. Every random draw is a function of `seed`
and the number of the step, so the step is also the position in the data.

A wrong value raises `pydantic.ValidationError`; `settings.configure` turns that into `InputError`.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from ctvos_core.checked import (
    CHECKED,
    Count,
    CountOrZero,
    NotNegative,
    Positive,
    Share,
    ShareRange,
)
from ctvos_core.network.config import PRESETS as NETWORKS
from ctvos_core.network.config import NetworkConfig

CutoutShape = Literal["square", "rectangle", "circle", "triangle"]
CUTOUT_SHAPES: tuple[CutoutShape, ...] = get_args(CutoutShape)
MAX_CUTOUT_AREA = 0.5
"""At least half of the image stays as it is (paper, Section 3.1)."""


@dataclass(frozen=True, config=CHECKED)
class PairConfig:
    """Dense contrastive correspondence between two views of the same scene (not the paper's)."""

    batch: CountOrZero = 12
    """Pairs per step; 0: none of this."""
    weight: NotNegative = 1.0
    temperature: Positive = 0.07
    view: Count = 128
    """Side of a view in pixels."""
    points: Count = 128
    """Points whose place is known in both views."""
    max_gap: CountOrZero = 6
    """Most frames of the cache between the two views; 0 makes both from one frame."""
    photo_share: Share = 0.3
    """Share of pairs made from photos, as far as there are any."""
    scale: ShareRange = (0.25, 0.8)
    """Side of a view as a fraction of the frame's short side, drawn log-uniformly."""
    rotation: NotNegative = 0.35
    """Largest rotation in radians."""
    shift: NotNegative = 0.25
    """Largest shift between the views, as a fraction of the first one's side."""


@dataclass(frozen=True, config=CHECKED)
class ClipConfig:
    """Clips of past frames, zoomed views of them, and the current frame (paper, Section 3)."""

    batch: CountOrZero = 0
    """Clips per step; 0: none of this, and a network without a decoder."""
    past: Count = 7
    """Frames before the current one."""
    zoom_frames: CountOrZero = 1
    """Past frames of which two zoomed views are added (Table 7: 1, 3, 5; 0: none)."""
    view: Count = 256
    """Side of a view in pixels."""
    max_gap: Count = 3
    """Most frames of the cache from one frame of a clip to the next."""
    scale: ShareRange = (0.6, 1.0)
    """Side of the random crop as a fraction of the frame's short side."""
    photo_share: Share = 0.0
    """Share of pseudo-video: clips of one photo under a random affine motion."""
    motion: NotNegative = 0.0
    """Strength of the affine motion added to clips of video: 0 for none, 1 for that of photos."""
    channel_dropout: Share = 0.3
    """Chance of each of a and b to be hidden from queries and keys, in a whole clip."""
    held_out: Share = 0.05
    """Share of the videos and photos that clips are never drawn from but for the pictures."""

    def __post_init__(self) -> None:
        if self.zoom_frames > self.past:
            raise ValueError(f"zoom_frames: expected 0 to {self.past}, got {self.zoom_frames}")


@dataclass(frozen=True, config=CHECKED)
class ObjectiveConfig:
    """Losses on clips and what they see (`L = reconstruction + tagging`, Eq. 1)."""

    reconstruction: NotNegative = 1.0
    """Weight of the Huber loss of the decoder's image."""
    cutout: Literal["none", CutoutShape] = "square"
    cutout_size: ShareRange = (0.1, 0.1)
    """Drawn between these two, per clip."""
    cutout_measure: Literal["area", "side"] = "area"
    """The size as a share of the image's area, or of its side: that of a square as large."""
    scene_attached: bool = False
    """The cutout moves with the known motion of the clip, instead of staying in the image."""
    tagging: NotNegative = 1.0
    """Lambda, weight of the tagging loss."""
    pull: bool = True
    push: bool = True
    margin: Share = 0.5
    """G of the push loss, at most 1."""
    tag_pixels: Count = 256
    """M, pixels drawn from each clip's cutout, and as many from the rest."""
    tag_group: Literal["batch", "clip"] = "batch"
    """Which of them have a mean tag in common. In the group of one clip, a map of the place in the
    image will do, bright above and dark below, whatever is cut out; all clips of a batch, with
    their cutouts in different places, have only the cutout in common."""
    cross_entropy: bool = False
    """Binary cross-entropy instead of pull and push (Table 6)."""
    two_tone_share: Share = 0.0
    """Share of clips whose values and target are mask-like."""
    pasted_share: Share = 0.0
    """Share of the mask-like clips with an object from another scene pasted in, half of the time
    beside another of the same looks that is not to be followed."""
    spoilt_share: Share = 0.0
    """Share of the mask-like clips whose past masks, but for the first, are wrong as those of
    propagation are: outlines that moved, parts that are missing, leaks."""
    copy: NotNegative = 0.0
    """Weight of the loss of values carried by attention alone."""

    def __post_init__(self) -> None:
        if self.cutout_area(self.cutout_size[1]) > MAX_CUTOUT_AREA:
            raise ValueError(
                f"cutout_size: expected at most {MAX_CUTOUT_AREA} of the image's area, "
                f"got {self.cutout_size} by {self.cutout_measure}"
            )

    def cutout_area(self, size: float) -> float:
        """The share of the image's area that a cutout size stands for."""
        return size if self.cutout_measure == "area" else size**2


@dataclass(frozen=True, config=CHECKED)
class TrainingConfig:
    """One run."""

    steps: Count = 6000
    learning_rate: NotNegative = 5e-4
    """At the top of a cosine."""
    warm_up_steps: CountOrZero = 300
    weight_decay: NotNegative = 1e-4
    gradient_clip: Positive = 1.0
    """Largest norm of the gradient."""
    ema_decay: Share = 0.998
    """Of the moving average that becomes the model."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    compile: bool = False
    """Compile the encoders: minutes at the start, worth it in long runs on a GPU."""
    frames: Literal["auto", "resident", "streamed"] = "auto"
    """Frames decoded once and kept on the device, or decoded as needed; auto: kept on a GPU where
    they fill at most half of its free memory."""
    source_weights: str = ""
    """How often sources are drawn: `part of a name:factor`, separated by commas."""
    report_every: Count = 50
    save_every: Count = 250
    picture_every: CountOrZero = 0
    """Steps between pictures of reconstructions and tag maps; 0: only at the end."""
    network: NetworkConfig = NETWORKS["default"]
    pairs: PairConfig = field(default_factory=PairConfig)
    clips: ClipConfig = field(default_factory=ClipConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)

    def __post_init__(self) -> None:
        if not self.pairs.batch and not self.clips.batch:
            raise ValueError("pairs.batch, clips.batch: expected one above 0, got 0 and 0")
        stride = 2 * self.network.stride
        for part, view in (("pairs", self.pairs.view), ("clips", self.clips.view)):
            if view % stride:
                raise ValueError(f"{part}.view: expected a multiple of {stride}, got {view}")

        self.source_factors()

    def source_factors(self) -> list[tuple[str, float]]:
        """`source_weights` as parts of names and factors."""
        factors = []
        for item in filter(None, (item.strip() for item in self.source_weights.split(","))):
            part, _, text = item.rpartition(":")
            try:
                factor = float(text)
            except ValueError:
                factor = -1.0
            if not part or not 0 <= factor < float("inf"):
                raise ValueError(
                    "source_weights: expected name:factor with a finite factor of at least 0, "
                    f"got {item!r}"
                )
            factors.append((part, factor))
        return factors

    @property
    def trained_network(self) -> NetworkConfig:
        """The network of the run: clips need a decoder, and nothing else trains one."""
        return replace(self.network, decoder=self.clips.batch > 0)


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
