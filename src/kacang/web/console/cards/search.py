"""Finding cards at the desk: by their exact code, or by how their number ends (V4)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from kacang.risk import operations as risk
from kacang.shared.errors import DomainError
from kacang.vault import operations, queries
from kacang.vault.queries import CardPage
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import card_rows, may
from kacang.web.console.desk import Desk, desk_of
from kacang.web.design.parts import Pages
from kacang.web.errors import status_of, text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
CODE_MOST = 2000
CURSOR_MOST = 100
# More than a person types, and far fewer than there are ends to try.
SEARCHES = 60
WINDOW_SECONDS = 600
NOTHING = CardPage((), "")


@needs("stock.view")
@require_http_methods(["GET", "HEAD", "POST"])
def card_search(request: ConsoleRequest) -> HttpResponse:
    """Find cards. What was typed comes by POST, and is in no address, log or page of results.

    The address of a further page says, sealed, what is looked for.
    """
    desk = desk_of(request)
    text = request.POST.get("code", "")[:CODE_MOST].strip()
    cursor = "" if text else request.GET.get("cursor", "")[:CURSOR_MOST]
    page, problem = NOTHING, None
    try:
        if text or cursor:
            page = _found(desk, text, cursor)
    except risk.TooManyAttempts as error:
        problem = error
    return _page(request, desk, page, problem, is_end=bool(cursor) or queries.is_tail(text))


def _found(desk: Desk, text: str, cursor: str) -> CardPage:
    risk.count_attempt(
        merchant_id=desk.merchant_id,
        scope=risk.Scope.CARD_SEARCHES_BY_PERSON,
        value=desk.member_uid,
        limit=SEARCHES,
        window_seconds=WINDOW_SECONDS,
    )
    return operations.search_cards(
        merchant_id=desk.merchant_id, actor=desk.actor, text=text, cursor=cursor, limit=PAGE
    )


def _page(
    request: ConsoleRequest,
    desk: Desk,
    page: CardPage,
    problem: DomainError | None,
    *,
    is_end: bool,
) -> HttpResponse:
    context = {
        "cards": card_rows(desk, page.items),
        "pages": Pages(next_url=f"?cursor={page.next_cursor}" if page.next_cursor else ""),
        "is_asked": request.method == "POST" or "cursor" in request.GET,
        "is_end": is_end,
        "is_filling": is_end and queries.is_filling(merchant_id=desk.merchant_id),
        "problem": text_of(problem) if problem else "",
        **may(desk),
    }
    status = status_of(problem) if problem else 200
    return render(request, "console/stock/found.html", context, status=status)
