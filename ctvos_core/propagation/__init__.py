"""Masks of one frame carried through a video."""

from ctvos_core.propagation.bidirectional import segment_video
from ctvos_core.propagation.propagator import PropagationConfig, Propagator, Segmentation

__all__ = ["PropagationConfig", "Propagator", "Segmentation", "segment_video"]
