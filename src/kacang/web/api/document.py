"""The OpenAPI document: what ninja knows of the operations, and what holds for all of them."""

from typing import Any

from ninja import NinjaAPI

from kacang.web.api.card_schemas import ImportFileIn, ImportLinesIn
from kacang.web.api.case_schemas import CaseFileIn
from kacang.web.api.schemas import Problem
from kacang.web.errors import PROBLEM

TITLE = "Kacang"
VERSION = "1"
DESCRIPTION = """Sell card secrets from your own programs.

Send `Authorization: Bearer kc_live_…` (or `kc_test_…` for a trial shop). Money is a whole number of
minor units with its `currency`, times are RFC 3339 in UTC. Every failure is a problem document
(RFC 9457) with a `code` that never changes. With `Idempotency-Key` a POST is done once, however
often it is sent. Lists give `items` and `next_cursor`, which is null on the last page."""
TAGS = [
    {"name": "products", "description": "What is for sale, and how much of it there is."},
    {"name": "orders", "description": "Placing, paying, reading and cancelling orders."},
    {"name": "cases", "description": "After-sales: what buyers complain about, and what is done."},
    {"name": "customers", "description": "Buyers who agreed to be remembered."},
    {
        "name": "cards",
        "description": "Bringing card secrets into stock, listing and changing them.",
    },
    {"name": "wallets", "description": "Customers' wallets: seeing, filling and paying from them."},
    {"name": "jobs", "description": "How far long work is."},
    {"name": "webhooks", "description": "Having your own system told what happens."},
]

# What may be answered instead, besides what an operation says itself.
EVERYWHERE = {
    400: "The request cannot be understood.",
    401: "The key is missing or does not count here.",
    403: "The key, or the buyer, may not do this.",
    404: "There is nothing of this id here.",
    422: "The request is not of the documented form, or asks for what cannot be.",
    429: "Too many requests: come again after `Retry-After` seconds.",
    503: "Something is not available now: the same request may succeed later.",
}
WITH_BODY = {
    409: "Right in itself, but not possible now.",
    413: "The body is too large.",
    415: "The body has a content type that is not read here.",
}


def describe(api: NinjaAPI, prefix: str) -> dict[str, Any]:
    """Return the document of all operations of `api`, mounted at `prefix`."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=prefix))
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    made["components"]["schemas"] |= problem.pop("$defs", {})
    made["components"]["schemas"]["Problem"] = problem
    for model in (ImportLinesIn, ImportFileIn, CaseFileIn):
        made["components"]["schemas"][model.__name__] = model.model_json_schema()
    for model in (ImportFileIn, CaseFileIn):
        upload = made["components"]["schemas"][model.__name__]
        upload["properties"]["file"] = {"type": "string", "format": "binary"}
        upload["required"].append("file")
    made["tags"] = TAGS
    for operations in made["paths"].values():
        for method, operation in operations.items():
            _add_failures(method, operation)
            for parameter in operation["parameters"]:
                parameter["schema"] = _plain(parameter["schema"])
    return made


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a parameter cannot be: it is there or not, but never null."""
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    return {**rest, **choices[0]} if len(choices) == 1 else schema


def _add_failures(method: str, operation: dict[str, Any]) -> None:
    failures = EVERYWHERE | (WITH_BODY if method == "post" else {})
    for status, words in failures.items():
        operation["responses"][status] = {
            "description": words,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for words in operation["responses"].values():
        words.setdefault("headers", {})["X-Request-Id"] = {
            "description": "Name this when you ask about the request.",
            "schema": {"type": "string"},
        }
