"""Training configurations from files and from `key=value` settings. Needs no torch."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ctvos_core.checked import explain
from ctvos_core.errors import InputError
from ctvos_core.training.config import PRESETS, TrainingConfig


def configure(settings: Sequence[str] = (), file: Path | None = None) -> TrainingConfig:
    """A preset, changed by a file and then by settings.

    Args:
        settings: `key=value`, where the key of a nested setting is written `pairs.view`.
            `preset=NAME` chooses the preset, wherever it stands; the default is `default`.
        file: JSON like the `config.json` of a run; it may leave settings out, and name a `preset`.

    Raises:
        InputError: an unknown preset or key, or a value of the wrong type or out of range.
    """
    changes = dict(_flatten(_read(file))) if file else {}
    for setting in settings:
        key, _, text = setting.partition("=")
        if key != "preset" and (key not in _KINDS or "=" not in setting):
            raise _unknown(setting, key)
        changes[key] = text if key == "preset" else _from_text(text, _KINDS[key])
    preset = str(changes.pop("preset", "default"))
    if preset not in PRESETS:
        raise InputError(
            "preset_unknown", f"preset: expected one of {', '.join(PRESETS)}, got {preset}"
        )
    merged = asdict(PRESETS[preset])
    for key, value in changes.items():
        if key not in _KINDS:
            raise _unknown(f"{key}={value}", key)
        *parts, name = key.split(".")
        inner = merged
        for part in parts:
            inner = inner[part]
        inner[name] = value
    try:
        # As JSON, in which tuples may be written as lists.
        return TypeAdapter(TrainingConfig).validate_json(json.dumps(merged))
    except ValidationError as error:
        raise InputError("setting_invalid", explain(error)) from error


def _kinds(config: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The key of every setting, and the type of its value."""
    for name, kind in typing.get_type_hints(config).items():
        if is_dataclass(kind):
            yield from _kinds(typing.cast(type, kind), f"{prefix}{name}.")
        else:
            yield prefix + name, kind


_KINDS = dict(_kinds(TrainingConfig))


def _from_text(text: str, kind: Any) -> Any:
    """What JSON would hold for a value written as text; whether it is valid is checked later."""
    options = typing.get_args(kind)
    if kind is str:
        return text
    if typing.get_origin(kind) is typing.Literal:
        return next((option for option in options if str(option) == text), text)
    if typing.get_origin(kind) is tuple:
        return [_number(part) for part in text.split(",")]
    if type(None) in options and text == "none":
        return None
    return _number(text)


def _number(text: str) -> Any:
    try:
        return json.loads(text.lower())
    except ValueError:
        return text


def _unknown(setting: str, key: str) -> InputError:
    """Names the settings beside which the unknown one would stand."""
    parts = key.split(".")[:-1]
    prefix = "".join(f"{part}." for part in parts)
    if not any(known.startswith(prefix) for known in _KINDS):
        prefix = ""
    names: dict[str, None] = {}
    for known in _KINDS:
        if known.startswith(prefix):
            name, dot, _ = known.removeprefix(prefix).partition(".")
            names[prefix + name + (".…" if dot else "")] = None
    return InputError(
        "setting_unknown", f"{setting}: expected key=value with one of {', '.join(names)}"
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
