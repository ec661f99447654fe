"""Processes that end with the one that started them, even if it is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def follow(parent: int, end: signal.Signals) -> None:
    """Have the system send this process `end` when its parent, process `parent`, is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, end)
    if os.getppid() != parent:  # it went before it could be followed
        os.kill(os.getpid(), end)
