"""The parts of a multipart body, from the parser's callbacks to files."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.multipart import parse_options_header

from service.http.problems import Problem
from service.upload.form import MAX_TEXT_BYTES, MAX_TEXT_FIELDS, Form, FormRules, UploadedFile

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_DISK_CHECK_BYTES = 64 << 20


def require_free_disk(folder: Path, needed_bytes: int) -> None:
    """Raise 507 where less than that is free."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise Problem(
            507,
            "disk_full",
            f"expected {needed_bytes} bytes of free disk for this upload, the server has {free}",
        )


class FormReceiver:
    """Collects parts in callbacks, which must not block, and writes files between them.

    Raises, out of the callbacks:
        Problem: 400 a part without a name; 413 a file, a text or the whole too large; 422 a field
            that is unknown or comes too often.
    """

    def __init__(self, folder: Path, rules: FormRules) -> None:
        self.form = Form()
        self.is_complete = False
        self.pending_bytes = 0
        self._folder, self._rules = folder, rules
        self._pending: list[tuple[UploadedFile, bytes | None]] = []  # None: the file's end
        self._open: tuple[BinaryIO, hashlib._Hash] | None = None
        self._header, self._value, self._disposition = b"", b"", b""
        self._file: UploadedFile | None = None
        self._text_name, self._text = "", bytearray()
        self._received = self._checked_at = 0

    def callbacks(self) -> MultipartCallbacks:
        """For python_multipart's `MultipartParser`."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def count(self, size: int) -> None:
        """Bytes of the body that are about to be parsed."""
        self._received += size
        if self._received > self._rules.max_body_bytes:
            raise Problem(
                413,
                "request_too_large",
                f"expected a body of at most {self._rules.max_body_bytes} bytes, got more",
            )

    def write_pending(self) -> None:
        """Write what the parser handed out; blocks."""
        for file, data in self._pending:
            if self._open is None:
                self._open = file.path.open("xb"), hashlib.sha256()
            handle, digest = self._open
            if data is None:
                handle.close()
                file.sha256 = digest.hexdigest()
                self._open = None
            else:
                handle.write(data)
                digest.update(data)
        self._pending.clear()
        self.pending_bytes = 0
        if self._received - self._checked_at >= _DISK_CHECK_BYTES:
            self._checked_at = self._received
            require_free_disk(self._folder, self._rules.min_free_bytes)

    def close(self) -> None:
        """Close the file that an error left open."""
        if self._open is not None:
            self._open[0].close()

    def _part_begin(self) -> None:
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _headers_finished(self) -> None:
        options = parse_options_header(self._disposition)[1]
        if b"name" not in options:
            raise Problem(400, "malformed_form", "expected a name for every part, got one without")
        name = options[b"name"].decode("utf-8", "replace")
        if name in self._rules.files:
            self._begin_file(name, options.get(b"filename", b"").decode("utf-8", "replace"))
        elif name in self._rules.texts:
            self._begin_text(name)
        else:
            known = ", ".join(sorted({*self._rules.files, *self._rules.texts}))
            raise Problem(422, "unknown_field", f"expected fields {known}, got {name[:100]!r}")

    def _begin_file(self, name: str, filename: str) -> None:
        most = self._rules.files[name].max_count
        if len(self.form.files_of(name)) >= most:
            raise Problem(422, "too_many_files", f"{name}: expected at most {most}, got more")
        path = self._folder / f"part-{len(self.form.files)}"
        self._file = UploadedFile(name, path, filename.replace("\\", "/").rsplit("/", 1)[-1][:255])
        self.form.files.append(self._file)
        self._pending.append((self._file, b""))  # so that an empty file exists, too

    def _begin_text(self, name: str) -> None:
        if len(self.form.texts) >= MAX_TEXT_FIELDS:
            raise Problem(
                413, "too_many_fields", f"expected at most {MAX_TEXT_FIELDS} text fields, got more"
            )
        self._text_name = name

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            if len(self._text) + end - start > MAX_TEXT_BYTES:
                raise Problem(
                    413,
                    "field_too_large",
                    f"{self._text_name}: expected at most {MAX_TEXT_BYTES} bytes, got more",
                )
            self._text += data[start:end]
            return
        self._file.size += end - start
        most = self._rules.files[self._file.field].max_bytes
        if self._file.size > most:
            raise Problem(
                413,
                f"{self._file.field}_file_too_large",
                f"{self._file.field}: expected at most {most} bytes, got more",
            )
        self._pending.append((self._file, data[start:end]))
        self.pending_bytes += end - start

    def _part_end(self) -> None:
        if self._file is not None:
            self._pending.append((self._file, None))
            self._file = None
            return
        try:
            self.form.texts.append((self._text_name, self._text.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise Problem(
                422, "field_not_text", f"{self._text_name}: expected UTF-8, got other bytes"
            ) from error
        self._text = bytearray()

    def _end(self) -> None:
        self.is_complete = True
