"""What happens around every request: its id and address, its figures, its errors."""

import re
import time
from collections.abc import Callable
from functools import cache

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from prometheus_client import Histogram

from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.web import connections, errors
from kacang.web.addresses import client_address, is_trusted_proxy
from kacang.web.requests import WebRequest

Answer = Callable[[HttpRequest], HttpResponse]

REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")
SECONDS = Histogram(
    "kacang_request_seconds",
    "Time to answer, by face, route, method and status.",
    ["face", "route", "method", "status"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def face_of(path: str) -> str:
    """Return which face of the house a path belongs to."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in {"api", "callbacks", "console", "static"} else "shop"


class RequestContext:
    """Gives each request `request_id` and `client_address`, logs' context, and a figure."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: WebRequest) -> HttpResponse:
        """Answer, with the context set before and taken away after."""
        started = time.perf_counter()
        connections.trust()
        request.request_id = request_id(request)
        request.client_address = client_address(request)
        with structlog.contextvars.bound_contextvars(
            request_id=request.request_id,
            path=request.path,
        ):
            response = self._answer(request)
        response.headers["X-Request-Id"] = request.request_id
        if not response.streaming and "Content-Length" not in response.headers:
            # Without it the server sends in pieces: dearer for both sides.
            response.headers["Content-Length"] = str(len(response.content))
        # The route, never the path: paths hold ids, and each would become a series of its own.
        route = request.resolver_match.route if request.resolver_match else "none"
        observe(request, route, response.status_code, started)
        connections.note_use()
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        # The console can be bound to one host: elsewhere it does not exist (rule 29).
        if (
            settings.CONSOLE_HOST
            and face_of(request.path) == "console"
            and request.get_host() != settings.CONSOLE_HOST
        ):
            return HttpResponseNotFound()
        return self.get_response(request)


class ReadableAddresses:
    """Refuses page addresses that hold what no text in the database can. The API has its form."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, unless there is a zero byte."""
        if request.path.startswith(errors.MACHINES):
            return self.get_response(request)
        if "\0" in request.path:
            return errors.page(request, 404)
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            return errors.page(request, 400)
        return self.get_response(request)


class WrongMethods:
    """Tells people who open an address that only takes forms so; alone it would be an empty page.

    It happens by the back button, by a bookmark, and after signing in again in mid-form.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; fill an empty refusal of a method with a page."""
        answer = self.get_response(request)
        if answer.status_code != 405 or answer.content:  # noqa: PLR2004 - the status itself
            return answer
        shown = errors.page(request, 405)
        shown.headers["Allow"] = answer.headers["Allow"]
        return shown


class DomainErrors:
    """Turns what the rooms refuse into an answer with the right status."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an expected failure; leave every other one to Django."""
        if isinstance(error, DomainError):
            return errors.respond(request, error)
        return None


def request_id(request: HttpRequest) -> str:
    """Return the id that a proxy of ours gave, or a new one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    if given and is_trusted_proxy(request) and REQUEST_ID.fullmatch(given):
        return str(given)
    return new_uid("req")


def observe(request: HttpRequest, route: str, status: int, started: float) -> None:
    """Count an answer, and how long it took since `started` (`time.perf_counter`)."""
    method = request.method if request.method in METHODS else "other"
    seconds = time.perf_counter() - started
    _figure(face_of(request.path), route, method, status).observe(seconds)


@cache
def _figure(face: str, route: str, method: str, status: int) -> Histogram:
    # Kept: to find it by its labels each time costs more than to count.
    return SECONDS.labels(face, route, method, status)
