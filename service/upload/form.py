"""What a multipart form may contain, and what came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_TEXT_BYTES = 16 * 1024
MAX_TEXT_FIELDS = 256
_OVERHEAD_BYTES = MAX_TEXT_BYTES * MAX_TEXT_FIELDS + (1 << 20)  # texts, part headers


@dataclass
class UploadedFile:
    """A file part, on disk.

    Attributes:
        field: the form field.
        path: where its bytes are; the name is the server's.
        name: what the client calls it: for display only.
        size: bytes.
        sha256: of the content, hexadecimal.
    """

    field: str
    path: Path
    name: str
    size: int = 0
    sha256: str = ""


@dataclass
class Form:
    """A received form: files and text fields, each in the order in which they came."""

    files: list[UploadedFile] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def files_of(self, name: str) -> list[UploadedFile]:
        """The files of a field."""
        return [file for file in self.files if file.field == name]

    def texts_of(self, name: str) -> list[str]:
        """The values of a text field, trimmed; empty ones count as not given."""
        return [value.strip() for key, value in self.texts if key == name and value.strip()]


@dataclass(frozen=True)
class FileRule:
    """How many files a field takes, and how large each may be."""

    max_count: int
    max_bytes: int


@dataclass(frozen=True)
class FormRules:
    """What a form may contain.

    Attributes:
        files: by field.
        texts: names of text fields.
        min_free_bytes: disk space that must stay free.
    """

    files: Mapping[str, FileRule]
    texts: frozenset[str]
    min_free_bytes: int

    @property
    def max_body_bytes(self) -> int:
        """Most bytes that a body within the rules can have."""
        files = sum(rule.max_count * rule.max_bytes for rule in self.files.values())
        return files + _OVERHEAD_BYTES
