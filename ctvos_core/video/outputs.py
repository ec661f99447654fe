"""Output folders and files: checked before work begins, and never seen half written."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ctvos_core.errors import InputError


def prepare_output_folder(path: str | os.PathLike[str]) -> Path:
    """Create the folder (with its parents) and prove that files can be written into it.

    Permission bits say nothing to root and little on network shares, so a file is really written
    and removed again.

    Raises:
        InputError: `output_not_writable`.
    """
    folder = Path(path)
    trial = folder / f".ctvos-{secrets.token_hex(8)}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            trial.write_bytes(b"ctvos")
        finally:
            trial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise _not_writable(folder, "a folder that can be written to", error) from error
    return folder


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success it becomes `path`, on an exception it goes.

    Raises:
        InputError: `output_not_writable` when the folder does not take the file.
    """
    final = Path(path)
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(8)}.tmp")
    try:
        with writing(final):
            yield temporary
            temporary.replace(final)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's errors on writing `path` (disk full, ...) into InputError."""
    try:
        yield
    except OSError as error:
        raise _not_writable(path, "a file that can be written", error) from error


def _not_writable(path: Path, expected: str, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or str(error)
    return InputError("output_not_writable", f"{path}: expected {expected}: {reason}")
