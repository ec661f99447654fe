"""Masks in the formats of other tools. Needs no torch."""

from ctvos_core.exports.run import FORMATS, export_results, export_video
from ctvos_core.exports.writer import (
    AddFrame,
    ExportClip,
    Exporter,
    ExportFrame,
    ExportOptions,
)

__all__ = [
    "FORMATS",
    "AddFrame",
    "ExportClip",
    "ExportFrame",
    "ExportOptions",
    "Exporter",
    "export_results",
    "export_video",
]
