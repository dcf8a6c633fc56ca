"""Reading bodies: JSON as its standard has it, and nothing more."""

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic_core import from_json

from kacang.web.api.problems import Wrong


class StrictParser(Parser):
    """Refuses NaN, infinity, half characters, and nesting without end."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return what the body says, or raise ValueError."""
        return from_json(request.body, allow_inf_nan=False, cache_strings="keys")


def read_json(body: bytes) -> Any:
    """Return what a body says.

    Raises:
        Wrong: It is not JSON.
    """
    try:
        return from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        raise Wrong(400, "request.bad_json") from None
