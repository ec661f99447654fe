"""Masks and what is made of them: files, run lengths, overlays, result folders. Needs no torch."""

from ctvos_core.results.mask_reader import MaskReading, read_mask, read_mask_image
from ctvos_core.results.masks import LabelMap, davis_palette, mask_png_bytes, write_mask
from ctvos_core.results.overlay import draw_overlay
from ctvos_core.results.rle import CocoWriter, Rle, decode_rle, encode_rle

__all__ = [
    "CocoWriter",
    "LabelMap",
    "MaskReading",
    "Rle",
    "davis_palette",
    "decode_rle",
    "draw_overlay",
    "encode_rle",
    "mask_png_bytes",
    "read_mask",
    "read_mask_image",
    "write_mask",
]
