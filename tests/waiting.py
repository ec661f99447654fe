"""Waiting for what happens, never for a time in which it should."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 300


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition gives once it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"expected within {PATIENCE_SECONDS} s: {what}")
