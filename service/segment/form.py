"""The form of `POST /segment` and of corrections, from text fields to values."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ctvos_jobs.guarded_post import check_url
from ctvos_jobs.settings import Settings
from service.http.problems import FieldError, Problem
from service.models.schemas import ModelName
from service.upload.form import FileRule, Form, FormRules, UploadedFile

Output = Literal["masks", "coco", "overlay", "alpha"]
_MASK_TEXTS = frozenset({"frame", "objects"})
_SHARED_TEXTS = _MASK_TEXTS | frozenset({"outputs", "webhook_url", "model"})
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


@dataclass(frozen=True)
class FrameMask:
    """A mask that was sent: which frame it is of, and which ids it speaks for.

    Attributes:
        objects: None: those in it.
    """

    frame: int
    file: UploadedFile
    objects: list[int] | None


def segment_rules(settings: Settings) -> FormRules:
    """What `POST /segment` takes."""
    files = {"video": FileRule(1, int(settings.max_upload_bytes)), **_mask_rule(settings)}
    texts = _SHARED_TEXTS | {"draft", "adapt", "object_names"}
    return FormRules(files, texts, int(settings.min_free_bytes))


def correction_rules(settings: Settings) -> FormRules:
    """What `POST /jobs/{id}/corrections` takes."""
    return FormRules(_mask_rule(settings), _SHARED_TEXTS, int(settings.min_free_bytes))


def parse_options(form: Form) -> SegmentOptions:
    """The text fields of a form, without those of its masks.

    Raises:
        Problem: 422 naming the fields that are wrong.
    """
    values: dict[str, str] = {}
    for name in {name for name, _ in form.texts} - _MASK_TEXTS:
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


def frame_masks(form: Form) -> list[FrameMask]:
    """The masks of a form, by frame.

    The i-th `frame` and the i-th `objects` belong to the i-th `mask`. A single mask without `frame`
    is of frame 0; masks without `objects`, or with an empty one, speak for what is in them.

    Raises:
        Problem: 422 `mask_missing`, `mask_frames_unmatched`, `mask_objects_unmatched`,
            `frame_invalid`, `objects_invalid`, `mask_frame_repeated`.
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
    objects = [value.strip() for name, value in form.texts if name == "objects"]
    if objects and len(objects) != len(masks):
        raise Problem(
            422,
            "mask_objects_unmatched",
            f"expected objects for each mask or for none, got {len(masks)} masks and "
            f"{len(objects)} objects",
        )
    found: dict[int, FrameMask] = {}
    for text, mask, ids in zip(frames, masks, objects or [""] * len(masks), strict=True):
        if not (text.isascii() and text.isdecimal() and len(text) <= 9):
            raise Problem(
                422, "frame_invalid", f"frame: expected a number from 0, got {text[:50]!r}"
            )
        if int(text) in found:
            raise Problem(
                422, "mask_frame_repeated", f"expected one mask per frame, got two of frame {text}"
            )
        found[int(text)] = FrameMask(int(text), mask, _object_ids(ids))
    return [found[frame] for frame in sorted(found)]


def _object_ids(text: str) -> list[int] | None:
    ids = [part.strip() for part in text.split(",")] if text else []
    if not all(i.isascii() and i.isdecimal() and len(i) <= 3 and 1 <= int(i) <= 255 for i in ids):
        raise Problem(
            422,
            "objects_invalid",
            f"objects: expected ids from 1 to 255 with commas, got {text[:50]!r}",
        )
    return sorted({int(i) for i in ids}) or None


def form_content(form: Form) -> list[Any]:
    """All that a client sent, with digests in place of files: two equal forms have equal ones."""
    return [
        sorted(form.texts),
        sorted((file.field, file.sha256) for file in form.files),
        [(mask.frame, mask.file.sha256, mask.objects) for mask in frame_masks(form)],
    ]


def _mask_rule(settings: Settings) -> dict[str, FileRule]:
    return {"mask": FileRule(settings.max_masks_per_job, int(settings.max_mask_bytes))}
