"""Video in, masks out: probing, decoding, label maps, COCO files and overlays. Needs no torch."""

from ctvos_core.video.decode import Frame, FrameReader, open_frames
from ctvos_core.video.encode import VideoWriter
from ctvos_core.video.info import FOLDER_FRAME_RATE, MAX_PIXELS, VideoInfo
from ctvos_core.video.masks import LabelMap, davis_palette, mask_png_bytes, read_mask, write_mask
from ctvos_core.video.outputs import prepare_output_folder, replacing
from ctvos_core.video.overlay import draw_overlay
from ctvos_core.video.probe import probe
from ctvos_core.video.rle import CocoWriter, Rle, decode_rle, encode_rle

__all__ = [
    "FOLDER_FRAME_RATE",
    "MAX_PIXELS",
    "CocoWriter",
    "Frame",
    "FrameReader",
    "LabelMap",
    "Rle",
    "VideoInfo",
    "VideoWriter",
    "davis_palette",
    "decode_rle",
    "draw_overlay",
    "encode_rle",
    "mask_png_bytes",
    "open_frames",
    "prepare_output_folder",
    "probe",
    "read_mask",
    "replacing",
    "write_mask",
]
