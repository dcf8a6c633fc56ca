"""The order page: where it stands, and its codes for whoever may see them (W2, L13, L26)."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kacang.catalog.queries import ProductKind
from kacang.orders import operations as orders
from kacang.orders.shipping import operations as shipping
from kacang.orders.types import Channel, Delivered, LineView, OrderState, OrderView, UnitState
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_lists import RefundStatus
from kacang.shared import markdown
from kacang.shared.zips import packed
from kacang.vault.queries import CardFile
from kacang.web.design.parts import Event, Pages
from kacang.web.shop import goods
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.cases import case_rows, problem_url
from kacang.web.shop.changing import change_rows, offered
from kacang.web.shop.parcels import sent_parcels
from kacang.web.shop.paying import title_of
from kacang.web.shop.reviews import review_links
from kacang.web.shop.site import Site, page

PER_PAGE = 50
PER_READ = 1_000
# Up to so many codes, each shows its QR at once; past that the page would be all pictures.
QR_SHOWN = 3
QR_BYTES_MAX = 900
WAITING = (
    OrderState.PENDING, OrderState.PAID, OrderState.FULFILLING, OrderState.ON_HOLD,
    OrderState.REFUNDING,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Code:
    """One code as the page shows it."""

    number: int
    serial: str
    secret: str
    expires_at: object
    has_qr: bool
    can_qr: bool
    # A card that is a small file; a text is in `secret` as well.
    file: CardFile | None = None
    # When it took the place of a faulty one.
    replaced_at: object = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """The codes of one line, with how to use them beside."""

    title: str
    sku_title: str
    guide: str
    codes: tuple[Code, ...]
    # Whether these are redeem codes, to be given for something else.
    is_redeemable: bool = False


@require_safe
@order_page
def order(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Show an order to its buyer. What is delivered is read page by page, audited first."""
    if order.channel == Channel.DEPOSIT and order.state is OrderState.DELIVERED:
        return redirect(site.url("wallet"))
    ready = delivered_count(order)
    # Then all that can be delivered by itself is; a person hands over the rest.
    goods_wait = order.state in (OrderState.PAID, OrderState.FULFILLING) and bool(handed(order))
    offset = _offset(request, ready)
    # One at a time, each with its QR, for whoever bought many and scans.
    many = 1 if "each" in request.GET else PER_PAGE
    found: list[Delivered] = []
    if ready:
        found = orders.deliveries(
            merchant_id=site.merchant_id, number=order.number, actor=buyer(request),
            offset=offset, limit=many,
        )  # fmt: skip
    return page(
        request, site, "order",
        order=order, title=title_of(order), noindex=True,
        lines=[_line(site, line) for line in order.lines],
        parcels=parcels(
            found, offset, with_qr=many == 1 or ready <= QR_SHOWN,
            redeemable={line.id for line in order.lines if line.has_redeem_codes},
        ),
        copy_all=plain(found), can_copy_all=len(found) > 1 or any(one.serial for one in found),
        has_files=any(one.file for one in found),
        ready=ready, first=offset + 1, last=offset + len(found),
        pages=_pages(offset, ready, many), each=many == 1 and ready > 1,
        events=_events(order),
        waiting=order.state in WAITING and not goods_wait, goods_wait=goods_wait,
        handed=handed(order), support=goods.words(site.options.support),
        state_name=order.state.name.lower(),
        late=order.hold_reason == "late_payment",
        checked=order.state is OrderState.ON_HOLD and order.hold_reason == "risk_review",
        seconds=_seconds(order), expired=order.state == OrderState.CANCELLED,
        again_url=_again_url(site, order),
        sent=sent_parcels(site, order), arranged=_arrangements(site, order),
        urls=_urls(site, order), refunds=_refunds(site, order),
        cases=case_rows(site, order),
        problem_url=problem_url(site, order), reviews=review_links(site, order),
    )  # fmt: skip


@require_safe
@order_page
def download(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Send all codes of an order as a text file, byte for byte as they came in (L11, L13)."""
    body = plain(_all(request, site, order))
    response = HttpResponse(body, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{order.number}.txt"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
@order_page
def download_zip(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Send all codes of an order as a zip: each file, and a text with the others."""
    response = StreamingHttpResponse(
        packed(_entries(_all(request, site, order))), content_type="application/zip"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{order.number}.zip"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    # What guards a view sets headers only, which both kinds of answer have.
    return cast(HttpResponse, response)


@require_safe
@order_page
def file(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Send one card that is a file: `n` counts the order's codes from 1."""
    offset = _offset(request, delivered_count(order), name="n")
    found = orders.deliveries(
        merchant_id=site.merchant_id, number=order.number, actor=buyer(request),
        offset=offset, limit=1,
    )  # fmt: skip
    if not found or found[0].file is None:
        raise Http404
    sent = found[0].file
    response = HttpResponse(sent.content, content_type=sent.content_type)
    # A picture shows where a page asks for it; opened by itself it is saved, never run.
    disposition = content_disposition_header(as_attachment=True, filename=sent.name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def delivered_count(order: OrderView) -> int:
    """Return how many codes of an order are delivered; goods have none."""
    return sum(
        line.units.get(UnitState.DELIVERED, 0)
        for line in order.lines
        if line.kind != ProductKind.GOODS
    )


def handed(order: OrderView) -> list[dict[str, str]]:
    """Return the goods that are handed over by people, with what the merchant says about it."""
    return [
        {
            "title": goods.words(line.title),
            "sku_title": goods.words(line.sku_title),
            "guide": markdown.render(goods.words(line.guide)),
        }
        for line in order.lines
        if line.kind == ProductKind.GOODS
    ]


def parcels(
    found: Iterable[Delivered], offset: int, *, with_qr: bool, redeemable: Container[int] = ()
) -> list[Parcel]:
    """Return codes by line, each line with its guide; `redeemable` are lines of redeem codes."""
    grouped: dict[int, tuple[Delivered, list[Code]]] = {}
    for number, one in enumerate(found, start=offset + 1):
        fits = one.file is None and len(one.secret.encode()) <= QR_BYTES_MAX
        secret = one.file.text if one.file else one.secret
        code = Code(
            number, one.serial, secret, one.expires_at, fits and with_qr, fits, one.file,
            one.replaced_at,
        )  # fmt: skip
        grouped.setdefault(one.line_id, (one, []))[1].append(code)
    return [
        Parcel(
            title=goods.words(one.title),
            sku_title=goods.words(one.sku_title),
            guide=markdown.render(goods.words(one.guide)),
            codes=tuple(codes),
            is_redeemable=one.line_id in redeemable,
        )
        for one, codes in grouped.values()
    ]


def plain(found: Iterable[Delivered]) -> str:
    """Return codes as text, one a line: number, tab, code. A blank line follows one of several."""
    return "".join(_plain(one) for one in found)


def _plain(one: Delivered) -> str:
    secret = one.file.text or one.file.name if one.file else one.secret
    line = "\t".join(part for part in (one.serial, secret) if part)
    return f"{line}\n\n" if "\n" in secret else f"{line}\n"


def _entries(found: Iterable[Delivered]) -> Iterator[tuple[str, bytes]]:
    lines: list[str] = []
    for one in found:
        if one.file:
            yield one.file.name, one.file.content
        else:
            lines.append(_plain(one))
    if lines:
        yield "codes.txt", "".join(lines).encode()


def _all(request: HttpRequest, site: Site, order: OrderView) -> Iterator[Delivered]:
    for offset in range(0, delivered_count(order), PER_READ):
        yield from orders.deliveries(
            merchant_id=site.merchant_id, number=order.number, actor=buyer(request),
            offset=offset, limit=PER_READ,
        )  # fmt: skip


def _arrangements(site: Site, order: OrderView) -> dict[str, object]:
    """Return whom goods go to, whether they can be said to be there, and changes asked for."""
    is_goods = bool(handed(order))
    can = offered(site, order)
    return {
        "whom": shipping.masked_recipient(merchant_id=site.merchant_id, order_id=order.id)
        if is_goods
        else None,
        "can_receive": is_goods and order.state in (OrderState.SHIPPED, OrderState.DELIVERED),
        "changes": change_rows(site, order),
        "change_url": site.url("order_change", number=order.number) if can.anything else "",
    }


def _line(site: Site, line: LineView) -> dict[str, object]:
    short = line.units.get(UnitState.SHORT, 0)
    return {
        "title": goods.words(line.title),
        "sku_title": goods.words(line.sku_title),
        "cover": line.cover,
        "quantity": line.quantity,
        "total": line.total,
        "short": short,
        "url": site.url("product", uid=line.product_uid),
    }


def _events(order: OrderView) -> list[Event]:
    """Return the few steps that a buyer cares about, the newest first."""
    steps = [
        (order.cancelled_at, _("Cancelled"), ""),
        (order.delivered_at, _("Delivered"), "ok"),
        (order.paid_at, _("Code redeemed") if _is_redemption(order) else _("Payment received"), ""),
        (order.created_at, _("Order placed"), ""),
    ]
    known = [(at, text, tone) for at, text, tone in steps if at is not None]
    known.sort(key=lambda step: step[0], reverse=True)
    return [
        Event(text=text, at=at, now=index == 0, tone=tone)
        for index, (at, text, tone) in enumerate(known)
    ]


def _refunds(site: Site, order: OrderView) -> list[dict[str, object]]:
    """Return what went back, or is about to, as its buyer may know it."""
    if not order.refunded.minor:
        return []
    found = refund_lists.refunds_of_order(merchant_id=site.merchant_id, order_id=order.id)
    shown = (*refund_lists.UNDER_WAY, RefundStatus.DONE)
    return [
        {
            "amount": one.amount,
            "is_done": one.state is RefundStatus.DONE,
            "at": one.ended_at or one.decided_at,
        }
        for one in found
        if one.fits and one.state in shown
    ]


def _pages(offset: int, ready: int, many: int) -> Pages:
    following, before = offset + many, max(0, offset - many)
    each = "&each=1" if many == 1 else ""
    return Pages(
        next_url=f"?from={following + 1}{each}#codes" if following < ready else "",
        previous_url=f"?from={before + 1}{each}#codes" if offset else "",
        total=ready,
    )


def _offset(request: HttpRequest, ready: int, name: str = "from") -> int:
    """Return where the page of codes begins: `from` counts from 1."""
    typed = request.GET.get(name, "1")
    start = int(typed) - 1 if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0  # noqa: PLR2004 - at most 10,000
    return min(max(start, 0), max(ready - 1, 0))


def _seconds(order: OrderView) -> int | None:
    if order.delivered_at is None or order.paid_at is None or _is_redemption(order):
        return None
    return max(1, round((order.delivered_at - order.paid_at).total_seconds()))


def _is_redemption(order: OrderView) -> bool:
    return order.channel == Channel.REDEEM


def _again_url(site: Site, order: OrderView) -> str:
    first = order.lines[0]
    return f"{site.url('product', uid=first.product_uid)}?sku={first.sku_uid}"


def _urls(site: Site, order: OrderView) -> dict[str, str]:
    names = {
        "pay": "pay", "state": "order_state", "download": "order_codes", "cancel": "order_cancel",
        "zip": "order_zip", "file": "order_file", "received": "order_received",
    }  # fmt: skip
    return {key: site.url(name, number=order.number) for key, name in names.items()}
