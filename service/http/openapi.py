"""What FastAPI cannot find out by itself for the description of the API."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.http.problems import ProblemDocument

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_MASK_FIELDS: dict[str, Any] = {
    "mask": {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "image/png"},
        "minItems": 1,
        "description": "PNGs with object ids 1 to 255 on 0, as large as the video is displayed.",
    },
    "frame": {
        "type": "array",
        "items": {"type": "integer", "minimum": 0},
        "description": "The frame of each mask, in the same order; 0 for a single mask without.",
    },
    "objects": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^\s*([0-9]+(\s*,\s*[0-9]+)*)?\s*$"},
        "description": "The ids that each mask speaks for, as `1,2`, in the same order; one that "
        "is not in the mask is known not to be in the frame. Empty: those in the mask.",
    },
    "model": {"type": "string", "description": "Name of a model; by default the promoted one."},
    "outputs": {
        "type": "string",
        "description": "Some of `masks,coco,overlay,alpha`, with commas. Masks are always made.",
    },
    "webhook_url": {"type": "string", "description": "Gets a signed POST when the job ends."},
}


def multipart(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads a multipart body itself."""
    schema = {"type": "object", "properties": properties, "required": required}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


_VIDEO = "mp4, mov, webm, mkv, avi, ts, flv, wmv and more"

SEGMENT_BODY = multipart(
    {
        "video": {
            **_FILE,
            "description": _VIDEO + ", or a zip of frames.",
        },
        "draft": {"type": "string", "description": "Id of a draft, in place of `video`."},
        **_MASK_FIELDS,
        "adapt": {
            "type": "boolean",
            "description": "First train the network on the video itself for a few steps.",
        },
        "object_names": {"type": "string", "description": 'JSON: `{"1": "dog"}`.'},
    },
    ["mask"],
)
DRAFT_BODY = multipart(
    {
        "video": {
            **_FILE,
            "description": _VIDEO + ", or a zip of frames.",
        }
    },
    ["video"],
)
CORRECTION_BODY = multipart(_MASK_FIELDS, ["mask"])
VIDEO_BODY = multipart(
    {"video": {**_FILE, "description": _VIDEO + "."}},
    ["video"],
)


def binary(description: str, *media_types: str) -> dict[str, Any]:
    """The declaration of a response that is a file."""
    return {
        "description": description,
        "content": {
            media_type: {"schema": {"type": "object"} if "json" in media_type else _FILE}
            for media_type in media_types
        },
    }


def add_openapi(app: FastAPI) -> None:
    """Complete the description: the schema of problems, and how to authenticate."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            components = schema.setdefault("components", {})
            problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            components["schemas"].update(problem.pop("$defs"))
            components["schemas"]["ProblemDocument"] = problem
            for unused in ("HTTPValidationError", "ValidationError"):
                components["schemas"].pop(unused, None)
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            # A server without keys serves its own machine without one.
            schema["security"] = [{"key": []}, {}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
