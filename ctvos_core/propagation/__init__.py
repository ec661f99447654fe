"""Masks of one frame carried through a video."""

from ctvos_core.propagation.propagator import PropagationConfig, Propagator, Segmentation
from ctvos_core.propagation.segment import segment_video

__all__ = ["PropagationConfig", "Propagator", "Segmentation", "segment_video"]
