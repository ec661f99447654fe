"""Video in and out: probing, decoding frame by frame, encoding. Needs no torch."""

from ctvos_core.video.decode import Frame, FrameReader, open_frames
from ctvos_core.video.encode import VideoWriter
from ctvos_core.video.info import FOLDER_FRAME_RATE, MAX_PIXELS, VideoInfo
from ctvos_core.video.outputs import prepare_output_folder, replacing
from ctvos_core.video.probe import probe
from ctvos_core.video.times import Timeline

__all__ = [
    "FOLDER_FRAME_RATE",
    "MAX_PIXELS",
    "Frame",
    "FrameReader",
    "Timeline",
    "VideoInfo",
    "VideoWriter",
    "open_frames",
    "prepare_output_folder",
    "probe",
    "replacing",
]
