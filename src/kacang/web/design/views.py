"""Serve colours of shops, and the living style guide."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kacang.merchants import queries
from kacang.web.access import public
from kacang.web.design import samples, shop_samples, themes

View = Callable[..., HttpResponse]
YEAR_SECONDS = 365 * 24 * 3600
ERROR_PAGES = frozenset({400, 403, 404, 429, 500, 503})


@public
@require_safe
def theme(_request: HttpRequest, colour: str) -> HttpResponse:
    """Serve the style sheet of a shop's colour; it never changes, so it may be kept."""
    try:
        chosen = themes.read_colour(f"#{colour}")
    except themes.UnreadableColour:
        raise Http404 from None
    answer = HttpResponse(themes.sheet(chosen), content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return answer


def _for_makers(view: View) -> View:
    """Show a page of the style guide while debugging and in a demo installation only."""

    @public
    @require_safe
    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not (settings.DEBUG or _is_demo()):
            raise Http404
        return view(request, *args, **kwargs)

    return shown


def _is_demo() -> bool:
    try:
        return queries.merchant(merchant_id=queries.first_merchant_id()).kind == "demo"
    except queries.UnknownMerchant:
        return False


@_for_makers
def console_guide(request: HttpRequest) -> HttpResponse:
    """Show every component of the console; `?empty=1` shows the empty and wrong states."""
    return render(request, "design/console.html", samples.console(request))


@_for_makers
def shop_guide(request: HttpRequest) -> HttpResponse:
    """Show every component of the shop."""
    return render(request, "design/shop.html", shop_samples.shop(request))


@_for_makers
def paying_guide(request: HttpRequest) -> HttpResponse:
    """Show the page that waits for a payment, or what it asks (`?ask=1`)."""
    if request.GET.get("ask"):
        return JsonResponse({"done": request.GET.get("done") == "1", "url": "/design/shop/"})
    return render(request, "design/paying.html", shop_samples.shop(request))


@_for_makers
def sign_in_guide(request: HttpRequest) -> HttpResponse:
    """Show the page for signing in."""
    return render(request, "design/sign_in.html", {"form": samples.SignIn()})


@_for_makers
def job_guide(request: HttpRequest) -> HttpResponse:
    """Answer the poll of a job card with one that has ended."""
    return render(request, "components/job.html", {"job": samples.finished_job()})


@_for_makers
def drawer_guide(request: HttpRequest) -> HttpResponse:
    """Answer a drawer with an order's details."""
    return render(request, "design/drawer.html", samples.console(request))


@_for_makers
def error_guide(request: HttpRequest, status: int) -> HttpResponse:
    """Show an error page."""
    if status not in ERROR_PAGES:
        raise Http404
    return render(request, f"errors/{status}.html", {"face": request.GET.get("face", "shop")})
