"""The one error of the client."""

from __future__ import annotations

import httpx

UNREACHABLE = "service_unreachable"


class ServiceError(Exception):
    """The service has refused a request, a job has not succeeded, or there is no answer.

    Attributes:
        code: stable, lower case with underscores: the problem's of the service, the error's of a
            job, `job_cancelled`, `job_expired`, `wait_timeout`, `url_invalid` or
            `service_unreachable`.
        detail: a sentence that names what was expected and what came.
        status_code: of the HTTP answer; None where there was none.
    """

    def __init__(self, code: str, detail: str, status_code: int | None = None) -> None:
        super().__init__(f"{detail} ({code})")
        self.code, self.detail, self.status_code = code, detail, status_code


def unreachable(error: httpx.TransportError) -> ServiceError:
    """What is raised where a request got no answer."""
    reason = str(error) or type(error).__name__
    return ServiceError(UNREACHABLE, f"expected a service that answers: {reason}")


def refusal(response: httpx.Response) -> ServiceError:
    """What an answer that is no success says; the body has been read."""
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError):
        # Something between here and the service has answered.
        code, detail = "service_error", response.reason_phrase
    detail = f"{response.url.path}: {response.status_code}: {detail}"
    return ServiceError(code, detail, response.status_code)
