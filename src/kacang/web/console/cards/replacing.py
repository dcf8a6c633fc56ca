"""Replacing many faulty cards of buyers at the desk: what it means first, then a job (V3, V6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, SkuView
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations
from kacang.orders.operations import ReplaceWeight, SkuNeed
from kacang.shared.errors import DomainError, NotFound
from kacang.vault.operations import Change, ChangeRequest
from kacang.vault.queries import BadFilter
from kacang.web.console.access import needs
from kacang.web.console.cards.change_forms import ChangeForm
from kacang.web.console.cards.change_words import REPLACE_WORDS
from kacang.web.console.cards.listing import asked_of, back_url, meant_by
from kacang.web.console.desk import Desk, desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

_NOTHING = ReplaceWeight(count=0, unsold=0, in_use=0, reserved=0, others=0, needs=())


@dataclass(frozen=True, slots=True)
class NeedRow:
    """What is needed of a SKU, with its names."""

    sku: SkuView
    product: ProductView
    need: SkuNeed


@needs("stock.change", "orders.replace")
def replace_page(request: ConsoleRequest) -> HttpResponse:
    """Say what replacing a selection means, ask for a reason, and start it as a job."""
    desk = desk_of(request)
    asked = asked_of(request, desk)
    meant = meant_by(request, Change.FAULTY, asked)
    form = ChangeForm(request.POST or None)
    problem, weight = "", _NOTHING
    try:
        if asked.narrowed.problem:
            # It cannot be taken back: what was not understood is not left out here.
            raise BadFilter(field="filter")
        if request.method == "POST" and form.is_valid():
            started = replace(meant, reason=form.cleaned_data["reason"])
            return redirect("console_work", _start(desk, started))
        weight = operations.weigh_replacing(merchant_id=desk.merchant_id, request=meant)
    except NotFound:
        raise
    except DomainError as error:
        problem = text_of(error)
    context = {
        "asked": asked,
        "words": REPLACE_WORDS,
        "form": form,
        "problem": problem,
        "weight": weight,
        "rows": _rows(desk, weight.needs),
        "back_url": reverse("console_cards") + back_url(request),
    }
    return render(request, "console/stock/replace.html", context)


def _start(desk: Desk, meant: ChangeRequest) -> str:
    return operations.replace_cards(merchant_id=desk.merchant_id, actor=desk.actor, request=meant)


def _rows(desk: Desk, wanted: Sequence[SkuNeed]) -> list[NeedRow]:
    ids = [need.sku_id for need in wanted]
    skus = catalog.skus_by_id(merchant_id=desk.merchant_id, ids=ids)
    found = []
    with acting_as(desk.merchant_id):
        for need in wanted:
            sku = skus[need.sku_id]
            product = catalog.product(merchant_id=desk.merchant_id, uid=sku.product_uid)
            found.append(NeedRow(sku, product, need))
    return found
