"""A problem with an order: the buyer opens a case, shows it, talks, rates, opens it again (X1)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.aftersales import operations, queries
from kacang.aftersales.errors import BadEvidence, OpenAlready, TooMuchEvidence
from kacang.aftersales.evidence import MB, PICTURE_BYTES_MAX, VIDEO_BYTES_MAX
from kacang.aftersales.queries import CaseRow, CaseState
from kacang.aftersales.rules import FILES_PER_MESSAGE, TEXT_MAX, VIDEOS_PER_MESSAGE
from kacang.aftersales.types import Author, Evidence, NewCase, Place
from kacang.orders.refunding.queries import RefundableUnit, places_of, refundable_order
from kacang.orders.types import OrderView
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.shared.texts import Text
from kacang.web.case_words import KIND_NAMES, KINDS, decision_words
from kacang.web.errors import status_of
from kacang.web.evidence import evidence_answer
from kacang.web.shop import goods
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, origin, page

# Messages with files from one address, over all orders; each order has its own limit in its room.
SHOWN_MAX, SHOWN_SECONDS = 30, 3600
RANGE = re.compile(r"(\d{1,6})(?:\s*[-–~]\s*(\d{1,6}))?")
LIMITS = {
    "most": FILES_PER_MESSAGE,
    "videos": VIDEOS_PER_MESSAGE,
    "picture_mb": PICTURE_BYTES_MAX // MB,
    "video_mb": VIDEO_BYTES_MAX // MB,
    "text": TEXT_MAX,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as its buyer sees it in a list."""

    row: CaseRow
    url: str
    kind: Text
    decision: Text


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def problem(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Ask what is wrong with which units, and open a case."""
    if request.method != "POST":
        return _form(request, site, order)
    try:
        new = NewCase(
            number=order.number,
            kind=KIND_NAMES.get(request.POST.get("kind", ""), queries.CaseKind.OTHER),
            places=_places(request, site, order),
            text=request.POST.get("text", ""),
            request_uid=request.POST.get("request_uid", "")[:64] or new_uid("req"),
            files=_files(request, site),
            origin=origin(request),
        )
        uid = operations.open_case(merchant_id=site.merchant_id, new=new, actor=buyer(request))
    except DomainError as error:
        return _form(request, site, order, _problem(site, order, error), status=status_of(error))
    return redirect(site.url("case", number=order.number, uid=uid))


@require_safe
@order_page
def case(request: HttpRequest, site: Site, order: OrderView, uid: str) -> HttpResponse:
    """Show a case: where it stands, what was said, and what can be done next."""
    return _case(request, site, order, uid)


@require_safe
@order_page
def file(_: HttpRequest, site: Site, order: OrderView, uid: str, file: str) -> HttpResponse:
    """Give a picture, or a video to be saved, of a case of this order."""
    queries.case(merchant_id=site.merchant_id, uid=uid, order_id=order.id)
    view, body = operations.read_evidence(merchant_id=site.merchant_id, case_uid=uid, uid=file)
    return evidence_answer(view.kind, view.content_type, view.uid, body)


def _write(request: HttpRequest, site: Site, named: dict[str, Any]) -> None:
    operations.write(**named, text=request.POST.get("text", ""), files=_files(request, site))


def _close(_request: HttpRequest, _site: Site, named: dict[str, Any]) -> None:
    operations.close(**named)


def _rate(request: HttpRequest, _site: Site, named: dict[str, Any]) -> None:
    typed = request.POST.get("stars", "")
    stars = int(typed) if typed in ("1", "2", "3", "4", "5") else 0
    operations.rate(**named, stars=stars, text=request.POST.get("text", ""))


def _reopen(request: HttpRequest, _site: Site, named: dict[str, Any]) -> None:
    operations.reopen(**named, text=request.POST.get("text", ""))


def _person(_request: HttpRequest, _site: Site, named: dict[str, Any]) -> None:
    operations.ask_person(**named)


DEEDS: dict[str, Callable[[HttpRequest, Site, dict[str, Any]], None]] = {
    "write": _write,
    "person": _person,
    "close": _close,
    "rate": _rate,
    "reopen": _reopen,
}


@require_POST
@order_page
def act(request: HttpRequest, site: Site, order: OrderView, uid: str, deed: str) -> HttpResponse:
    """Say something, end the case, rate it or open it again."""
    named = {
        "merchant_id": site.merchant_id,
        "order_id": order.id,
        "uid": uid,
        "actor": buyer(request),
    }
    try:
        DEEDS[deed](request, site, named)
    except DomainError as error:
        told = _problem(site, order, error)
        return _case(request, site, order, uid, told, status=status_of(error))
    return redirect(site.url("case", number=order.number, uid=uid))


def case_rows(site: Site, order: OrderView) -> list[Shown]:
    """Return the cases of an order, for its page."""
    found = queries.cases_of_order(merchant_id=site.merchant_id, order_id=order.id)
    return [
        Shown(
            row,
            site.url("case", number=order.number, uid=row.uid),
            KINDS[row.kind],
            decision_words(row),
        )
        for row in found
    ]


def problem_url(site: Site, order: OrderView) -> str:
    """Return where a case can be opened for an order; "" when it cannot."""
    if not queries.is_observed(merchant_id=site.merchant_id, order=order):
        return ""
    return site.url("case_new", number=order.number)


def _form(
    request: HttpRequest,
    site: Site,
    order: OrderView,
    told: Problem | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    can = refundable_order(merchant_id=site.merchant_id, number=order.number)
    chosen = request.POST.getlist("unit")
    if not chosen and len(can.units) == 1:
        chosen = [can.units[0].place]
    return page(
        request, site, "case_new", status=status,
        order=order, noindex=True, problem=told, limits=LIMITS,
        is_open=queries.is_observed(merchant_id=site.merchant_id, order=order),
        units=[_unit(unit, chosen) for unit in can.units],
        unit_count=can.unit_count, codes=request.POST.get("codes", "")[:200],
        kinds=[(name, KINDS[kind]) for name, kind in KIND_NAMES.items()],
        kind=request.POST.get("kind", ""), text=request.POST.get("text", "")[:TEXT_MAX],
        request_uid=request.POST.get("request_uid", "")[:64] or new_uid("req"),
        order_url=site.url("order", number=order.number),
    )  # fmt: skip


def _case(
    request: HttpRequest,
    site: Site,
    order: OrderView,
    uid: str,
    told: Problem | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    found = queries.case(merchant_id=site.merchant_id, uid=uid, order_id=order.id)
    row = found.row
    return page(
        request, site, "case", status=status,
        order=order, case=found, row=row, noindex=True, problem=told, limits=LIMITS,
        kind=KINDS[row.kind], decision=decision_words(row),
        is_open=row.state in queries.OPEN, is_asked=row.state is CaseState.BUYERS,
        is_told=row.state is CaseState.BUYERS and found.messages[-1].author is Author.BOT,
        can_reopen=queries.may_reopen(merchant_id=site.merchant_id, uid=uid),
        typed=request.POST.get("text", "")[:TEXT_MAX], unit_count=len(found.places),
        order_url=site.url("order", number=order.number),
        urls={deed: site.url(f"case_{deed}", number=order.number, uid=uid) for deed in DEEDS},
        file_base=site.url("case_file", number=order.number, uid=uid, file="-").removesuffix("-"),
    )  # fmt: skip


def _unit(unit: RefundableUnit, chosen: Sequence[str]) -> dict[str, object]:
    return {
        "place": unit.place,
        "title": goods.words(unit.title),
        "sku_title": goods.words(unit.sku_title),
        "number": unit.unit_no,
        "on": unit.place in chosen,
    }


def _places(request: HttpRequest, site: Site, order: OrderView) -> list[Place]:
    """Return the units that a form names: by their places, or by numbers of a long list."""
    ticked = [one.partition(":") for one in request.POST.getlist("unit")[:500]]
    places = [
        (int(line), int(unit))
        for line, _colon, unit in ticked
        if _is_number(line) and _is_number(unit)
    ]
    typed = request.POST.get("codes", "")[:200]
    if places or not typed:
        return places
    every = places_of(merchant_id=site.merchant_id, number=order.number)
    numbers: list[int] = []
    for found in RANGE.finditer(typed):
        first, last = int(found.group(1)), int(found.group(2) or found.group(1))
        numbers += range(first, min(last, len(every)) + 1)
    return [every[number - 1] for number in dict.fromkeys(numbers) if 0 < number <= len(every)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - a bigint


def _files(request: HttpRequest, site: Site) -> list[Evidence]:
    """Judge what was sent, before it is read where it is too large, too many or too often."""
    sent = [one for one in request.FILES.getlist("files") if one.size]
    # Only a video may be larger than any picture.
    films = sum((one.size or 0) > PICTURE_BYTES_MAX for one in sent)
    if len(sent) > FILES_PER_MESSAGE or films > VIDEOS_PER_MESSAGE:
        raise TooMuchEvidence(limit=FILES_PER_MESSAGE, videos=VIDEOS_PER_MESSAGE)
    if sent:
        # Drawing pictures anew is work: it is counted before it is done.
        risk.count_attempt(
            merchant_id=site.merchant_id,
            scope=Scope.EVIDENCE_BY_ADDRESS,
            value=origin(request).address,
            limit=SHOWN_MAX,
            window_seconds=SHOWN_SECONDS,
        )
    return [_judged(one) for one in sent]


def _judged(upload: UploadedFile) -> Evidence:  # type: ignore[type-arg]
    if (upload.size or 0) > VIDEO_BYTES_MAX:
        raise BadEvidence(picture_mb=LIMITS["picture_mb"], video_mb=LIMITS["video_mb"])
    return operations.judge_evidence(
        name=upload.name or "", content_type=upload.content_type or "", body=upload.read()
    )


def _problem(site: Site, order: OrderView, error: DomainError) -> Problem:
    """Say what was refused; where the case is open already, lead to it."""
    told = problem_of(site, error)
    if isinstance(error, OpenAlready):
        return Problem(told.text, site.url("order", number=order.number) + "#cases", _("See it"))
    return told
