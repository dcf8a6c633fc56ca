"""Shops and console share no cookie (rule 29): what Django keeps in cookies is kept per face."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

CONSOLE = "/console/"
CONSOLE_CSRF_COOKIE = "kc_console_csrf"


def is_console(request: HttpRequest) -> bool:
    """Say whether a request is for the console."""
    return request.path.startswith(CONSOLE)


class FaceCsrf(CsrfViewMiddleware):
    """Guards forms, with a cookie of its own for the console, on the console's path."""

    def _get_secret(self, request: HttpRequest) -> Any:
        if is_console(request):
            request.COOKIES.pop(settings.CSRF_COOKIE_NAME, None)
            if own := request.COOKIES.get(CONSOLE_CSRF_COOKIE):
                request.COOKIES[settings.CSRF_COOKIE_NAME] = own
        return super()._get_secret(request)  # type: ignore[misc]  # missing in the stubs

    def _set_csrf_cookie(self, request: HttpRequest, response: HttpResponse) -> None:
        super()._set_csrf_cookie(request, response)  # type: ignore[misc]  # missing in the stubs
        if is_console(request):
            del response.cookies[settings.CSRF_COOKIE_NAME]
            response.set_cookie(
                CONSOLE_CSRF_COOKIE,
                request.META["CSRF_COOKIE"],
                max_age=settings.CSRF_COOKIE_AGE,
                path=CONSOLE.rstrip("/"),
                secure=settings.CSRF_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )


def message_storage(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    """Keep what the next page says in the console's session, in the shop in a cookie."""
    kind = SessionStorage if is_console(request) else CookieStorage
    return kind(request, *args, **kwargs)
