"""Files that a page sends to be kept, never to be shown by the browser (rule 29)."""

from collections.abc import Iterable
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header


def attachment(
    pieces: Iterable[bytes] | Iterable[str], name: str, content_type: str
) -> HttpResponse:
    """Answer with a file that is sent piece by piece."""
    response = StreamingHttpResponse(pieces, content_type=content_type)
    disposition = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Disposition"] = disposition or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    # What guards a view sets headers only, which both kinds of answer have.
    return cast(HttpResponse, response)
