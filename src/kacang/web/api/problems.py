"""What goes wrong before a room is asked, as problem documents."""

import json
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic import ValidationError as PydanticError

from kacang.shared.errors import DomainError, NotFound
from kacang.web import errors

log = structlog.get_logger(__name__)

ERRORS_MAX = 20


class NoSuchThing(NotFound):
    """There is nothing of this id, or it is another merchant's: which of both is not told."""

    code = "api.not_found"


class Wrong(Exception):
    """A request that is wrong in itself, with the status that says so."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail


class BadInput(Exception):
    """A body that does not have the form of its model."""

    def __init__(self, error: PydanticError) -> None:
        super().__init__("bad input")
        self.errors = error.errors(include_url=False, include_input=False, include_context=False)


def wrong(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer a request that is wrong in itself."""
    return errors.plain_problem(error.status, error.code, error.detail, request)


def handle_on(api: NinjaAPI) -> None:
    """Make `api` answer every failure with a problem document."""
    api.add_exception_handler(DomainError, _refused)
    api.add_exception_handler(Wrong, wrong)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(BadInput, _invalid)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Http404, _not_found)
    for broken in (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        api.add_exception_handler(broken, _malformed)
    api.add_exception_handler(RequestDataTooBig, _too_large)
    api.add_exception_handler(OperationalError, database_away)
    api.add_exception_handler(Exception, our_mistake)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return errors.problem(error, request)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    answer = errors.plain_problem(
        422, "request.invalid", "The request does not have the documented form.", request
    )
    found = [
        {
            "path": ".".join(str(step) for step in one["loc"] if step != "data"),
            "code": str(one["type"]),
            "detail": str(one["msg"]),
        }
        for one in error.errors[:ERRORS_MAX]
    ]
    body = json.loads(answer.content) | {"errors": found}
    answer.content = json.dumps(body).encode()
    return answer


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    code = "request.bad_json" if error.status_code == 400 else "request.refused"  # noqa: PLR2004
    return errors.plain_problem(error.status_code, code, "", request)


def _not_found(request: HttpRequest, _: Any) -> HttpResponse:
    return errors.problem(NoSuchThing(), request)


def _malformed(request: HttpRequest, _: Any) -> HttpResponse:
    return errors.plain_problem(400, "request.malformed", "", request)


def _too_large(request: HttpRequest, _: Any) -> HttpResponse:
    return errors.plain_problem(413, "request.too_large", "", request)


def database_away(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer that the database cannot be reached just now."""
    log.warning("api.database_away", error=type(error).__name__)
    answer = errors.plain_problem(503, "server.unavailable", "", request)
    answer.headers["Retry-After"] = str(errors.RETRY_SECONDS)
    return answer


def our_mistake(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer that we failed; the log says how."""
    log.error("api.failed", exc_info=error)
    return errors.plain_problem(500, "server.error", "", request)
