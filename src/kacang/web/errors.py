"""The one place of status codes: what the rooms refuse, as people and machines are told it."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.encoding import iri_to_uri
from django.utils.html import format_html
from django.utils.translation import gettext, override

from kacang.shared.errors import (
    Conflict,
    DomainError,
    Invalid,
    NotFound,
    Refused,
    TooMany,
    Unavailable,
)
from kacang.web.error_texts import TEXTS
from kacang.web.error_titles import TITLES
from kacang.web.import_words import file_problem

STATUS: dict[type[DomainError], int] = {
    NotFound: 404,
    Refused: 403,
    Invalid: 422,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}
# Codes whose status is not that of their kind.
STATUS_OF_CODE = {
    "keys.refused": 401,
    "idempotency.mismatch": 422,
    "payments.bad_signature": 401,
    "payments.bad_notice": 400,
}
PAGES = frozenset({400, 403, 404, 405, 429, 500, 503})
MACHINES = ("/api/", "/callbacks/")
PROBLEM = "application/problem+json"
RETRY_SECONDS = 5
BAD_FILE = "vault.bad_file"


def status_of(error: DomainError) -> int:
    """Return the HTTP status of an expected failure."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def text_of(error: DomainError) -> str:
    """Return what people are told, in the language that is active."""
    if error.code == BAD_FILE:
        return file_problem(error.detail)
    words = TEXTS.get(error.code) or TITLES.get(status_of(error)) or ""
    try:
        return str(words).format(**error.detail)
    except (KeyError, IndexError):
        # The raiser forgot a value: better a general word than an open brace.
        return str(TITLES.get(status_of(error)) or "")


def problem_body(error: DomainError, request: HttpRequest | None = None) -> dict[str, Any]:
    """Return the RFC 9457 body of an expected failure, in English: programs read it."""
    status = status_of(error)
    with override("en"):
        body: dict[str, Any] = {
            "type": f"urn:kacang:error:{error.code}",
            "title": str(TITLES.get(status, "Error")),
            "status": status,
            "code": error.code,
            "detail": text_of(error),
        }
    if error.detail:
        body["values"] = dict(error.detail)
    if request is not None and hasattr(request, "request_id"):
        body["request_id"] = request.request_id
    return body


def problem(error: DomainError, request: HttpRequest | None = None) -> HttpResponse:
    """Answer a machine with a problem document."""
    status = status_of(error)
    answer = JsonResponse(problem_body(error, request), status=status, content_type=PROBLEM)
    return _with_headers(answer, error)


def plain_problem(
    status: int, code: str, detail: str = "", request: HttpRequest | None = None
) -> HttpResponse:
    """Answer a machine about a failure that no room raised (wrong JSON, unknown path)."""
    with override("en"):
        title = str(TITLES.get(status, "Error"))
    body: dict[str, Any] = {
        "type": f"urn:kacang:error:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
    }
    if request is not None and hasattr(request, "request_id"):
        body["request_id"] = request.request_id
    return JsonResponse(body, status=status, content_type=PROBLEM)


def respond(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer whoever asked: a problem document, a fragment for htmx, or a page."""
    if request.path.startswith(MACHINES):
        return problem(error, request)
    status = status_of(error)
    text = text_of(error)
    if getattr(request, "htmx", False):
        answer = HttpResponse(format_html('<p class="e" role="alert">{}</p>', text), status=status)
        answer.headers["HX-Trigger"] = json.dumps({"toast": text})
        return _with_headers(answer, error)
    return _with_headers(page(request, status, text), error)


def page(request: HttpRequest | None, status: int, detail: str = "") -> HttpResponse:
    """Render the error page of a status; it needs neither session nor database."""
    # 401, 409 and 422 have no page of their own: to people they are "this was not possible".
    name = status if status in PAGES else 400
    values = {
        "detail": detail,
        "face": "console" if request and request.path.startswith("/console/") else "shop",
        "home_url": _home(request),
        "reference": getattr(request, "request_id", ""),
    }
    return HttpResponse(render_to_string(f"errors/{name}.html", values), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer what Django itself finds malformed."""
    if request.path.startswith(MACHINES):
        return plain_problem(400, "request.malformed", request=request)
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer a PermissionDenied."""
    if request.path.startswith(MACHINES):
        return plain_problem(403, "access.denied", request=request)
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer an address that leads nowhere. Which addresses exist is not told."""
    if request.path.startswith(MACHINES):
        return plain_problem(404, "request.no_such_path", request=request)
    return page(request, 404)


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer whom allauth's own limits stop."""
    return page(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after our own mistake; the log has it under the request's id."""
    if request.path.startswith(MACHINES):
        return plain_problem(500, "server.error", request=request)
    return page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer a form whose token is missing or old."""
    detail = gettext("This page was open for too long. Go back, load it again and repeat.")
    return page(request, 403, detail)


def _home(request: HttpRequest | None) -> str:
    path = request.path if request else "/"
    if path.startswith("/s/") and path.count("/") >= 3:  # noqa: PLR2004 - /s/{slug}/
        return iri_to_uri("/".join(path.split("/")[:3]) + "/")
    return "/"


def _with_headers(answer: HttpResponse, error: DomainError) -> HttpResponse:
    if answer.status_code == 401:  # noqa: PLR2004 - the status itself
        answer.headers["WWW-Authenticate"] = 'Bearer realm="kacang"'
    if isinstance(error, (TooMany, Unavailable)):
        answer.headers["Retry-After"] = str(error.detail.get("retry_seconds", RETRY_SECONDS))
    return answer
