"""Goods at the desk: what is where, what came and went, and changing it (S1)."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from kacang.catalog.queries import SkuView, StockMode
from kacang.merchants.tenancy import acting_as
from kacang.orders.numbers import numbers_of_lines
from kacang.shared.errors import DomainError
from kacang.stock import operations, queries
from kacang.stock.operations import NotGoods, Purchase, Wish
from kacang.stock.queries import EntryKind, GoodsLevel, MovementView, PieceState
from kacang.supply.queries import waiting_counts
from kacang.web.console.access import needs
from kacang.web.console.cards.importing import goods_of
from kacang.web.console.cards.levels import may
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.goods.warehouses import called
from kacang.web.console.products.prices import PricedForm, PriceField
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
LEVEL_WORDS: dict[str, Promise] = {
    "on_hand": gettext_lazy("On hand"),
    "available": pgettext_lazy("goods", "Available"),
    "reserved": gettext_lazy("Reserved"),
    "sold": gettext_lazy("Sold, not picked up"),
    "in_transit": gettext_lazy("In transit"),
}
STATE_WORDS: dict[PieceState, Promise] = {
    PieceState.AVAILABLE: LEVEL_WORDS["available"],
    PieceState.RESERVED: LEVEL_WORDS["reserved"],
    PieceState.SOLD: LEVEL_WORDS["sold"],
    PieceState.IN_TRANSIT: LEVEL_WORDS["in_transit"],
}
KIND_WORDS: dict[EntryKind, Promise] = {
    EntryKind.RECEIPT: gettext_lazy("Goods receipt"),
    EntryKind.ADJUSTMENT: gettext_lazy("Correction"),
    EntryKind.TRANSFER: gettext_lazy("Transfer"),
}
PIECES_MOST = 1_000_000


class EntryForm(PricedForm):
    """What receipts, corrections and transfers have in common.

    `request_uid` is made with the form: sent twice it is done once.
    """

    request_uid = forms.CharField(max_length=40, widget=forms.HiddenInput)
    pieces = forms.IntegerField(label=gettext_lazy("Pieces"), min_value=1, max_value=PIECES_MOST)
    warehouse = forms.ChoiceField(label=gettext_lazy("Warehouse"))
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def wish(self, sku_uid: str) -> Wish:
        """Return what is wanted."""
        data = self.cleaned_data
        return Wish(
            sku_uid=sku_uid,
            pieces=data["pieces"],
            request_uid=data["request_uid"],
            warehouse_uid=data["warehouse"],
            note=data["note"],
        )


class ReceiptForm(EntryForm):
    """Goods that come in."""

    unit_cost = PriceField(
        label=gettext_lazy("Purchase price per piece"),
        required=False,
        help_text=gettext_lazy("Empty: as the variant says."),
    )
    supplier = forms.CharField(label=gettext_lazy("Supplier"), max_length=120, required=False)
    number = forms.CharField(label=gettext_lazy("Receipt number"), max_length=60, required=False)


class AdjustForm(EntryForm):
    """A count that differs."""

    pieces = forms.IntegerField(
        label=gettext_lazy("More or fewer pieces"),
        min_value=-PIECES_MOST,
        max_value=PIECES_MOST,
        help_text=gettext_lazy("Negative when some are missing, such as -3."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


class SendForm(EntryForm):
    """Goods that change places."""

    to = forms.ChoiceField(label=gettext_lazy("To"))


FORMS: dict[str, type[EntryForm]] = {
    "receive": ReceiptForm,
    "adjust": AdjustForm,
    "send": SendForm,
}


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement as the page shows it."""

    move: MovementView
    place: str
    was: Promise | str
    now: Promise | str
    cause: Promise | str
    order_number: str


@needs("stock.view")
def goods_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one SKU's pieces by place and state, and its movements."""
    return _page(request, uid, {})


@needs("goods.move")
@require_POST
def receive(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take goods in."""

    def act(desk: Desk, form: EntryForm) -> str:
        data = form.cleaned_data
        operations.receive(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            wish=form.wish(uid),
            purchase=Purchase(data["supplier"], data["number"], data["unit_cost"]),
        )
        return _("The goods are taken in.")

    return _answer(request, uid, "receive", act)


@needs("goods.adjust")
@require_POST
def adjust(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Correct how many pieces there are, with a reason."""

    def act(desk: Desk, form: EntryForm) -> str:
        operations.adjust(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            wish=form.wish(uid),
            reason=form.cleaned_data["reason"],
        )
        return _("The number is corrected.")

    return _answer(request, uid, "adjust", act)


@needs("goods.move")
@require_POST
def send(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send goods to another warehouse."""

    def act(desk: Desk, form: EntryForm) -> str:
        operations.send(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            wish=form.wish(uid),
            to_uid=form.cleaned_data["to"],
        )
        return _("The goods are on their way.")

    return _answer(request, uid, "send", act)


@needs("goods.move")
@require_POST
def arrive(request: ConsoleRequest, uid: str, entry: str) -> HttpResponse:
    """Say that a transfer has arrived."""
    desk = desk_of(request)
    operations.arrive(merchant_id=desk.merchant_id, actor=desk.actor, uid=entry)
    messages.success(request, _("The goods have arrived and can be sold from there."))
    return redirect("console_goods", uid)


def _answer(
    request: ConsoleRequest, uid: str, name: str, act: Callable[[Desk, EntryForm], str]
) -> HttpResponse:
    desk = desk_of(request)
    form = _form(desk, name, request.POST)
    if form.is_valid():
        try:
            messages.success(request, act(desk, form))
        except DomainError as error:
            form.add_error(None, text_of(error))
        else:
            return redirect("console_goods", uid)
    return _page(request, uid, {name: form}, status=422)


def _form(desk: Desk, name: str, data: Mapping[str, str] | None = None) -> EntryForm:
    form = FORMS[name](
        data,
        prefix=name,
        currency=desk.currency,
        initial={"request_uid": secrets.token_hex(16)},
    )
    places = [
        (place.uid, called(place)) for place in queries.warehouses(merchant_id=desk.merchant_id)
    ]
    for field in form.fields.values():
        if isinstance(field, forms.ChoiceField):
            field.choices = places
    return form


def _page(
    request: ConsoleRequest, uid: str, filled: Mapping[str, EntryForm], *, status: int = 200
) -> HttpResponse:
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        sku, product = goods_of(desk, uid)
        if sku.stock_mode != StockMode.GOODS:
            raise NotGoods
        context = {**_numbers(desk, sku), **_moves(request, desk, sku)}
        context |= {name: filled.get(name) or _form(desk, name) for name in FORMS}
    context |= {"sku": sku, "product": product, "opened": next(iter(filled), ""), **may(desk)}
    return render(request, "console/stock/goods.html", context, status=status)


def _numbers(desk: Desk, sku: SkuView) -> dict[str, object]:
    asked = {"merchant_id": desk.merchant_id, "sku_id": sku.id}
    levels = queries.warehouse_levels(**asked)
    places = queries.warehouses(merchant_id=desk.merchant_id)
    whole = queries.goods_levels(merchant_id=desk.merchant_id, sku_ids=[sku.id])[sku.id]
    return {
        "tally": [(word, getattr(whole, name)) for name, word in LEVEL_WORDS.items()],
        "level": whole,
        "waiting": waiting_counts(merchant_id=desk.merchant_id, sku_ids=[sku.id]).get(sku.id, 0),
        "words": list(LEVEL_WORDS.values()),
        "places": [(called(place), _cells(levels.get(place.id, GoodsLevel()))) for place in places],
        "many_places": len(places) > 1,
        "under_way": [
            (entry, _place(places, entry.warehouse_id), _place(places, entry.to_warehouse_id))
            for entry in queries.transfers_under_way(**asked)
        ],
    }


def _cells(level: GoodsLevel) -> list[tuple[Promise, int]]:
    return [(word, getattr(level, name)) for name, word in LEVEL_WORDS.items()]


def _place(places: list[queries.WarehouseView], place_id: int | None) -> str:
    return next((called(place) for place in places if place.id == place_id), "")


def _moves(request: ConsoleRequest, desk: Desk, sku: SkuView) -> dict[str, object]:
    page = queries.movements(
        merchant_id=desk.merchant_id,
        sku_id=sku.id,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    lines = [move.line_id for move in page.items if move.line_id is not None]
    numbers = numbers_of_lines(merchant_id=desk.merchant_id, line_ids=lines) if lines else {}
    places = queries.warehouses(merchant_id=desk.merchant_id)
    moves = [
        Moved(
            move=move,
            place=_place(places, move.warehouse_id),
            was=STATE_WORDS[move.was] if move.was is not None else "",
            now=STATE_WORDS[move.now] if move.now is not None else "",
            cause=KIND_WORDS[move.entry.kind] if move.entry else _("Order"),
            order_number=numbers.get(move.line_id or 0, ""),
        )
        for move in page.items
    ]
    return {"moves": moves, "pages": pages_of(request, page.next_cursor)}
