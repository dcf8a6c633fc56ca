"""What every address of the API has before and behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from kacang.web.access import machine
from kacang.web.api.problems import Wrong, wrong

View = Callable[..., HttpResponse]
JSON_BYTES_MAX = 1 * 2**20
FILE_BYTES_MAX = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Terms:
    """What one method of an address takes."""

    query: frozenset[str]
    content_types: frozenset[str]
    body_bytes_max: int


def guarded(view: View, terms: Mapping[str, Terms]) -> View:
    """Refuse what no operation behind this address takes, as a problem document."""

    @wraps(view)
    def guard(request: HttpRequest, **path: Any) -> HttpResponse:
        method = terms.get(request.method or "")
        if method is None:
            answer = wrong(request, Wrong(405, "request.method_not_allowed"))
            answer.headers["Allow"] = ", ".join(sorted(terms))
            return answer
        try:
            _check_query(request, method)
            _check_body(request, method)
        except Wrong as error:
            return wrong(request, error)
        return view(request, **path)

    # A key is sent on purpose; no cookie counts here.
    return machine(csrf_exempt(guard))


def _check_query(request: HttpRequest, terms: Terms) -> None:
    if not request.META.get("QUERY_STRING"):
        return
    for name, values in request.GET.lists():
        if name not in terms.query:
            raise Wrong(422, "request.unknown_parameter", "There is a parameter not known here.")
        if len(values) > 1:
            raise Wrong(422, "request.repeated_parameter", "A parameter is given twice.")


def _check_body(request: HttpRequest, terms: Terms) -> None:
    size = _size(request.META.get("CONTENT_LENGTH"))
    if size > terms.body_bytes_max:
        raise Wrong(413, "request.too_large")
    if size and terms.content_types and request.content_type not in terms.content_types:
        known = " or ".join(sorted(terms.content_types))
        raise Wrong(415, "request.content_type", f"Send {known}.")


def _size(written: str | None) -> int:
    if not written:
        return 0
    if not written.isdecimal():
        raise Wrong(400, "request.malformed")
    return int(written[:18])
