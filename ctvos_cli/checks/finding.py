"""The verdict on one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        name: the thing.
        verdict: `warning`: it works, but not as well as it could; `failed`: jobs would fail.
        found: what there is, in one line.
        remedy: what to do; empty where nothing is to be done.
    """

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


Check = Callable[[], tuple[Verdict, str, str]]
"""Verdict, what was found, and remedy of one thing; whatever it raises is a failure."""


def examine(name: str, check: Check, remedy: str) -> Finding:
    """Run a check.

    Args:
        name: the thing.
        check: looks at it.
        remedy: what to do if the check itself breaks.
    """
    try:
        return Finding(name, *check())
    except Exception as error:  # whatever is broken, the other things are still looked at
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Finding(name, "failed", said, remedy)
