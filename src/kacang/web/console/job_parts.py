"""The card of a job alone, as htmx asks for it again and again."""

from django.http import HttpResponse
from django.shortcuts import render

from kacang.web.design.parts import JobCard
from kacang.web.requests import ConsoleRequest


def job_part(request: ConsoleRequest, card: JobCard, *, has_ended: bool = False) -> HttpResponse:
    """Answer with the card of a job; with `has_ended`, have the whole page read anew.

    What stands around the card depends on how the job ended.
    """
    response = render(request, "components/job.html", {"job": card})
    if has_ended:
        response["HX-Refresh"] = "true"
    return response
