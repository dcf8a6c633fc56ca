"""Addresses of the public API, version 1: one list of operations, one OpenAPI document."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI
from pydantic_core import to_json

from kacang.web.access import machine, public
from kacang.web.api import (
    cards,
    cases,
    customer_notices,
    customers,
    document,
    jobs,
    orders,
    products,
    redemptions,
    refunds,
    shipments,
    stock,
    stores,
    wallets,
    webhooks,
)
from kacang.web.api.answers import JSON
from kacang.web.api.guard import FILE_BYTES_MAX, JSON_BYTES_MAX, Terms, guarded
from kacang.web.api.problems import Wrong, handle_on, wrong
from kacang.web.api.reading import StrictParser

PREFIX = "api/v1/"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

api = NinjaAPI(
    title=document.TITLE,
    version=document.VERSION,
    description=document.DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    parser=StrictParser(),
    urls_namespace="api-1",
)
for _room in (
    products,
    orders,
    refunds,
    shipments,
    cases,
    customers,
    customer_notices,
    redemptions,
    cards,
    stock,
    stores,
    jobs,
    wallets,
    webhooks,
):
    api.add_router("", _room.router)
handle_on(api)

DOCUMENT = document.describe(api, PREFIX)
_WRITTEN = to_json(DOCUMENT)


@public
def openapi(_: HttpRequest) -> HttpResponse:
    """Give the OpenAPI document."""
    return HttpResponse(_WRITTEN, content_type=JSON)


@machine
def nothing_here(request: HttpRequest, **_: Any) -> HttpResponse:
    """Answer an address that leads nowhere."""
    return wrong(request, Wrong(404, "request.no_such_path"))


def _terms(operations: dict[str, Any]) -> dict[str, Terms]:
    return {method.upper(): _terms_of(operation) for method, operation in operations.items()}


def _terms_of(operation: dict[str, Any]) -> Terms:
    types = frozenset(operation.get("requestBody", {}).get("content", ()))
    takes_files = "multipart/form-data" in types
    return Terms(
        query=frozenset(
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        ),
        content_types=types,
        body_bytes_max=FILE_BYTES_MAX if takes_files else JSON_BYTES_MAX,
    )


def _patterns() -> list[URLPattern]:
    made = []
    for pattern in api.urls[0]:
        assert isinstance(pattern, URLPattern)
        written = _PARAMETER.sub(r"{\1}", str(pattern.pattern))
        operations = DOCUMENT["paths"].get(f"/{PREFIX}{written}")
        if operations:
            view = guarded(pattern.callback, _terms(operations))
            made.append(path(f"v1/{pattern.pattern}", view, name=pattern.name))
    return made


_READ_ONLY = {"GET": Terms(frozenset(), frozenset(), JSON_BYTES_MAX)}

urlpatterns = [
    *_patterns(),
    path("v1/openapi.json", public(guarded(openapi, _READ_ONLY)), name="openapi"),
    re_path(r"^.*$", nothing_here),
]
