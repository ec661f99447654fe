"""Configurations from files and from `key=value` settings."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ctvos_core.errors import InputError
from ctvos_core.training.config import PRESETS, TrainingConfig


def configure(settings: Sequence[str] = (), file: Path | None = None) -> TrainingConfig:
    """A preset, changed by a file and then by settings.

    Args:
        settings: `key=value`; keys of parts are written `pairs.view`. `preset=NAME` says what is
            changed, wherever it stands; without it, that is `default`.
        file: JSON as in the `config.json` of a run; it may leave out what it does not change, and
            name a `preset`.

    Raises:
        InputError: no such preset or key, a value of another type, or one out of range.
    """
    changes = dict(_flatten(_read(file))) if file else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise _unknown(setting, "", TrainingConfig())
        changes[key] = text
    preset = str(changes.pop("preset", "default"))
    if preset not in PRESETS:
        raise InputError(
            "preset_unknown", f"preset: expected one of {', '.join(PRESETS)}, got {preset}"
        )
    return _changed(PRESETS[preset], changes)


def _changed(config: Any, changes: Mapping[str, Any], part: str = "") -> Any:
    """`config` with every change made at once, for a value may be valid only beside another."""
    kinds = typing.get_type_hints(type(config))
    nested: dict[str, dict[str, Any]] = {}
    values: dict[str, Any] = {}
    for key, value in changes.items():
        name, _, rest = key.partition(".")
        if name not in kinds or is_dataclass(kinds[name]) != bool(rest):
            raise _unknown(f"{part}{key}={value}", part, config)
        if rest:
            nested.setdefault(name, {})[rest] = value
        else:
            values[name] = _parse(part + key, value, kinds[name])
    for name, inner in nested.items():
        values[name] = _changed(getattr(config, name), inner, f"{part}{name}.")
    return replace(config, **values)


def _parse(key: str, value: Any, kind: Any) -> Any:
    """A value, of JSON or as text, as what the field holds."""
    options = typing.get_args(kind)
    origin = typing.get_origin(kind)
    text = value if isinstance(value, str) else None
    try:
        if origin is types.UnionType:
            if value is None or text == "none":
                return None
            return _parse(key, value, options[0])
        if origin is tuple:
            parts = text.split(",") if text is not None else value
            return tuple(_parse(key, p, o) for p, o in zip(parts, options, strict=True))
        if origin is typing.Literal:
            return options[options.index(value)]
        if kind is bool:
            return {"true": True, "false": False}[str(value).lower()]
        return kind(value)
    except (KeyError, TypeError, ValueError) as error:
        expected = {bool: "true or false", int: "a whole number", float: "a number"}.get(kind)
        expected = expected or ", ".join(getattr(o, "__name__", str(o)) for o in options)
        raise InputError("setting_invalid", f"{key}: expected {expected}, got {value!r}") from error


def _unknown(setting: str, part: str, config: Any) -> InputError:
    known = [
        part + f.name + (".…" if is_dataclass(getattr(config, f.name)) else "")
        for f in fields(config)
    ]
    return InputError(
        "setting_unknown", f"{setting}: expected key=value with one of {', '.join(known)}"
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "config_unreadable", f"{file}: expected settings as JSON: {error}"
        ) from error
    if not isinstance(raw, dict):
        raise InputError("config_unreadable", f"{file}: expected a JSON object of settings")
    return raw


def _flatten(raw: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
