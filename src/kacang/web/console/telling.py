"""Doing what a form asks for, and saying above the next page what came of it."""

from collections.abc import Callable

from django.contrib import messages

from kacang.shared.errors import DomainError, NotFound
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


def told(request: ConsoleRequest, act: Callable[[], str]) -> bool:
    """Do an act, whose answer or refusal is said; return whether it was done.

    What there is not is passed on: its page is not found.
    """
    try:
        text = act()
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return False
    messages.success(request, text)
    return True
