"""Giving out a picture or video of a case so that nothing in it runs."""

from django.http import HttpResponse

from kacang.aftersales.evidence import suffix_of
from kacang.aftersales.types import FileKind


def evidence_answer(kind: FileKind, content_type: str, uid: str, body: bytes) -> HttpResponse:
    """Return a file so that nothing in it runs: a picture shows, anything else is saved."""
    response = HttpResponse(body, content_type=content_type)
    how = "inline" if kind is FileKind.PICTURE else "attachment"
    response.headers["Content-Disposition"] = f'{how}; filename="{uid}.{suffix_of(content_type)}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store, private"
    return response
