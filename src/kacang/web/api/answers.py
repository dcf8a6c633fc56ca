"""Answers as JSON, written by the compiled serialiser of the schemas."""

from datetime import UTC, datetime

from django.http import HttpResponse

from kacang.web.api.schemas import Output

JSON = "application/json"


def answer(body: Output, status: int = 200) -> HttpResponse:
    """Write `body` as the answer."""
    return HttpResponse(
        body.__pydantic_serializer__.to_json(body), status=status, content_type=JSON
    )


def utc(moment: datetime | None) -> datetime | None:
    """Bring a moment to UTC, as all answers tell it."""
    return None if moment is None else moment.astimezone(UTC)
