"""Configurations that refuse a wrong value, and the sentence that says what was expected."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

CHECKED = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""For `pydantic.dataclasses.dataclass`: values have exactly the declared types, are finite, and
there are no unknown fields."""

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
CountOrZero = Annotated[int, Field(ge=0)]


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise PydanticCustomError("ascending", "the smaller number first")
    return bounds


ShareRange = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]],
    AfterValidator(_ascending),
]
"""Two shares in (0, 1], the smaller first."""

_WORDS = {
    "bool_type": "true or false",
    "dataclass_type": "an object",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "missing": "a value",
    "string_type": "text",
    "unexpected_keyword_argument": "no such field",
}
_BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}


def explain(error: ValidationError) -> str:
    """The first fault, as `part.field: expected this, got that`."""
    return _sentence(error.errors()[0])


def _sentence(fault: ErrorDetails) -> str:
    name = ".".join(part for part in fault["loc"] if isinstance(part, str))
    context: dict[str, Any] = fault.get("ctx", {})
    if fault["type"] == "value_error":
        # Raised by a `__post_init__`, whose sentence begins with the field that it is about.
        return ".".join(filter(None, [name, str(context["error"])]))
    bound = next((bound for bound in _BOUNDS if bound in context), None)
    in_tuple = bool(fault["loc"]) and isinstance(fault["loc"][-1], int)
    if bound:
        expected = f"{_BOUNDS[bound]} {context[bound]:g}"
    elif fault["type"] == "too_long" or (fault["type"] == "missing" and in_tuple):
        expected = "two numbers"
    elif fault["type"] == "literal_error":
        expected = str(context["expected"]).replace("'", "")
    else:
        expected = _WORDS.get(fault["type"], fault["msg"].removeprefix("Input should be "))
    given = fault["input"]
    if fault["type"] == "missing" and not in_tuple:
        return f"{name}: expected {expected}, got none"
    return f"{name}: expected {expected}, got {given!r}"
