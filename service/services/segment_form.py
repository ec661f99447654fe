"""The form of `POST /segment` and of corrections, from text fields to values."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ctvos_jobs.guarded_post import check_url
from ctvos_jobs.settings import Settings
from service.forms import FileRule, Form, FormRules, UploadedFile
from service.problems import FieldError, Problem
from service.schemas import ModelName, Output

_SHARED_TEXTS = frozenset({"frame", "outputs", "webhook_url", "model"})
_ObjectNames = dict[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")], str]


class SegmentOptions(BaseModel):
    """What a client chooses besides the files; None where it did not.

    Attributes:
        model: name of a model; None: the promoted one.
        outputs: what to make; masks are always made.
        webhook_url: who is told of the end.
        draft: id of a video that was uploaded before, in place of one in the form.
        adapt: train the network on the video itself for a few steps first.
        object_names: by object id.
    """

    model_config = ConfigDict(extra="forbid")

    model: ModelName | None = None
    outputs: list[Output] | None = None
    webhook_url: str | None = None
    draft: str | None = None
    adapt: bool = False
    object_names: _ObjectNames | None = None

    @field_validator("outputs", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("outputs")
    @classmethod
    def _with_masks(cls, value: list[Output] | None) -> list[Output] | None:
        return None if value is None else list(dict.fromkeys(["masks", *value]))

    @field_validator("object_names", mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


def segment_rules(settings: Settings) -> FormRules:
    """What `POST /segment` takes."""
    files = {"video": FileRule(1, int(settings.max_upload_bytes)), **_mask_rule(settings)}
    texts = _SHARED_TEXTS | {"draft", "adapt", "object_names"}
    return FormRules(files, texts, int(settings.min_free_bytes))


def correction_rules(settings: Settings) -> FormRules:
    """What `POST /jobs/{id}/corrections` takes."""
    return FormRules(_mask_rule(settings), _SHARED_TEXTS, int(settings.min_free_bytes))


def parse_options(form: Form) -> SegmentOptions:
    """The text fields of a form, without `frame`.

    Raises:
        Problem: 422 naming the fields that are wrong.
    """
    values: dict[str, str] = {}
    for name in {name for name, _ in form.texts} - {"frame"}:
        given = form.texts_of(name)
        if len(given) > 1:
            raise Problem(422, "repeated_field", f"{name}: expected once, got {len(given)}")
        if given:
            values[name] = given[0]
    try:
        options = SegmentOptions.model_validate(values)
    except ValidationError as error:
        errors = [
            FieldError(field=".".join(str(part) for part in e["loc"]), message=e["msg"])
            for e in error.errors()
        ]
        detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
        raise Problem(422, "invalid_request", detail, errors=errors) from error
    if options.webhook_url is not None:
        check_url(options.webhook_url)
    return options


def pair_masks(form: Form) -> list[tuple[int, UploadedFile]]:
    """The i-th `frame` belongs to the i-th `mask`; a single mask without one is of frame 0.

    Raises:
        Problem: 422 `mask_missing`, `mask_frames_unmatched`, `frame_invalid`,
            `mask_frame_repeated`.
    """
    masks, frames = form.files_of("mask"), form.texts_of("frame")
    if not masks:
        raise Problem(422, "mask_missing", "mask: expected at least one PNG, got none")
    if len(masks) == 1 and not frames:
        frames = ["0"]
    if len(frames) != len(masks):
        raise Problem(
            422,
            "mask_frames_unmatched",
            f"expected a frame for each mask, got {len(masks)} masks and {len(frames)} frames",
        )
    pairs: dict[int, UploadedFile] = {}
    for text, mask in zip(frames, masks, strict=True):
        if not (text.isascii() and text.isdecimal() and len(text) <= 9):
            raise Problem(
                422, "frame_invalid", f"frame: expected a number from 0, got {text[:50]!r}"
            )
        if int(text) in pairs:
            raise Problem(
                422, "mask_frame_repeated", f"expected one mask per frame, got two of frame {text}"
            )
        pairs[int(text)] = mask
    return sorted(pairs.items())


def form_content(form: Form) -> list[Any]:
    """All that a client sent, with digests in place of files: two equal forms have equal ones."""
    return [
        sorted(form.texts),
        sorted((file.field, file.sha256) for file in form.files),
        [(frame, mask.sha256) for frame, mask in pair_masks(form)],
    ]


def _mask_rule(settings: Settings) -> dict[str, FileRule]:
    return {"mask": FileRule(settings.max_masks_per_job, int(settings.max_mask_bytes))}
