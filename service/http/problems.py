"""Errors as problem documents (RFC 9457), each with a stable `code`."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ctvos_core.errors import InputError

CONTENT_TYPE = "application/problem+json"
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    415: "unsupported_media_type",
    500: "internal_error",
}


class FieldError(BaseModel):
    """One field of a request that is not as it should be."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """What every error answers."""

    type: str = Field(description="A name of the kind of problem: `urn:ctvos:problem:` and `code`.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What was expected and what came.")
    code: str = Field(description="Stable: lower case and underscores.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[FieldError] = Field(default=[], description="The fields at fault, if it is those.")


class Problem(HTTPException):
    """Raised anywhere in the service to answer with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: list[FieldError] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.errors = errors or []


def not_found(what: str, name: str) -> Problem:
    """404 for something that is not there, or is another key's."""
    return Problem(404, f"{what}_not_found", f"There is no {what} {name!r}.")


def problem_response(problem: HTTPException, path: str) -> JSONResponse:
    """The document of an error."""
    status = problem.status_code
    code = getattr(problem, "code", None) or _CODES.get(status, f"http_{status}")
    document = ProblemDocument(
        type=f"urn:ctvos:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=str(problem.detail),
        code=code,
        instance=path,
        errors=getattr(problem, "errors", []),
    )
    return JSONResponse(document.model_dump(), status, problem.headers, media_type=CONTENT_TYPE)


async def send_problem(problem: HTTPException, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer from ASGI code that runs before the application."""
    await problem_response(problem, scope["path"])(scope, receive, send)


def from_input_error(error: InputError) -> Problem:
    """422: the bytes arrived, but cannot be used."""
    return Problem(422, error.code, str(error))


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of an application a problem document."""

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error, request.url.path)

    @app.exception_handler(InputError)
    async def on_input_error(request: Request, error: InputError) -> JSONResponse:
        return problem_response(from_input_error(error), request.url.path)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_field_error(entry) for entry in error.errors()]
        detail = "; ".join(f"{e.field}: {e.message}" for e in errors[:5])
        problem = Problem(422, "invalid_request", detail, errors=errors)
        return problem_response(problem, request.url.path)

    @app.exception_handler(ClientDisconnect)
    async def on_disconnect(request: Request, error: ClientDisconnect) -> JSONResponse:
        problem = Problem(400, "client_disconnected", "The client went away while it was sending.")
        return problem_response(problem, request.url.path)  # for the metrics: nobody reads it

    @app.exception_handler(Exception)
    async def on_unhandled(request: Request, error: Exception) -> JSONResponse:
        # The server that runs the application gets the error, too, and logs it.
        problem = Problem(500, "internal_error", "The server failed; its log says how.")
        return problem_response(problem, request.url.path)


def _field_error(entry: dict[str, Any]) -> FieldError:
    where = ".".join(str(part) for part in entry["loc"])
    return FieldError(field=where, message=entry["msg"])


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI declarations of the errors of a route, besides those that every route has."""
    common = (400, 401, 403, 422, 500, 503)
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in sorted({*common, *statuses})
    }
