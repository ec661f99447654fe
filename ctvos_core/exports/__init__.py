"""Masks in the formats of other tools. Needs no torch."""

from ctvos_core.exports.run import (
    FORMATS,
    checked_formats,
    export_results,
    export_video,
    require_free,
)
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
    "checked_formats",
    "export_results",
    "export_video",
    "require_free",
]
