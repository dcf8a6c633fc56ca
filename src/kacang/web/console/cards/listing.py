"""Cards at the desk: a list with filters in the address, and what can be done to a selection (V3).

A selection is in the address too: some cards by name, or all that fit. What is to happen is shown
with its count and purchase price before anybody confirms it.
"""

from dataclasses import dataclass, replace

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter, ProductView, SkuView, StockMode
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import DomainError, NotFound
from kacang.shared.money import Money
from kacang.shared.texts import pick
from kacang.vault import operations, queries
from kacang.vault.operations import Change, ChangeRequest, Terms, Weight
from kacang.vault.queries import BatchState, BatchView
from kacang.web.console.access import needs
from kacang.web.console.cards.change_forms import ChangeForm, Choices, form_of
from kacang.web.console.cards.change_words import REPLACE, REPLACE_WORDS, WORDS, ChangeWords
from kacang.web.console.cards.filters import Narrowed, chips_of, read_filter
from kacang.web.console.cards.levels import card_rows, may
from kacang.web.console.desk import Desk, desk_of, pages_of, without
from kacang.web.console.waiting import all_skus
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
NAMED_MOST = 200
BATCHES_MOST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which SKU or batch a page is, and what it is narrowed to."""

    sku: SkuView
    product: ProductView
    batch: BatchView | None
    narrowed: Narrowed


@needs("stock.view")
def card_list(request: ConsoleRequest) -> HttpResponse:
    """Show the cards of a SKU or of a batch that fit the address; codes are never part of it."""
    desk = desk_of(request)
    asked = asked_of(request, desk)
    where = asked.narrowed.where
    page = queries.list_cards(
        merchant_id=desk.merchant_id, wanted=where,
        cursor=request.GET.get("cursor", "")[:100], limit=PAGE,
    )  # fmt: skip
    found = queries.about_matching(merchant_id=desk.merchant_id, wanted=where)
    pools = {pool.id: pool.name for pool in queries.pools(merchant_id=desk.merchant_id)}
    context = {
        "asked": asked,
        "form": asked.narrowed.form,
        "chips": chips_of(request.GET, asked.narrowed),
        "cards": card_rows(desk, page.items),
        "pools": pools,
        "pages": pages_of(request, page.next_cursor),
        "total": found.count,
        "is_more": found.is_more,
        "cost": Money(found.cost_minor, asked.sku.cost.currency) if found.cost_minor else None,
        "changes": _offered(desk),
        "clear_url": back_url(request, *_NARROW),
        "kept": [(key, request.GET[key]) for key in _FILTER if request.GET.get(key)],
        **may(desk),
    }
    return render(request, "console/stock/cards.html", context)


@needs("stock.change")
def change_page(request: ConsoleRequest) -> HttpResponse:
    """Say what a change of a selection is about, ask what it needs, and start it as a job."""
    if request.GET.get("change") == REPLACE:
        return redirect(f"{reverse('console_replace')}?{request.GET.urlencode()}")
    desk = desk_of(request)
    change = _change_of(request)
    asked = asked_of(request, desk)
    meant = meant_by(request, change, asked)
    form = form_of(change, request.POST or None, _choices(desk, change, asked))
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("console_work", _start(desk, change, meant, form))
        except NotFound:
            raise
        except DomainError as error:
            problem = text_of(error)
    try:
        weight = _weigh(desk, change, meant, asked)
    except NotFound:
        raise
    except DomainError as error:
        weight, problem = Weight(0, 0, 0), problem or text_of(error)
    context = {
        "asked": asked,
        "words": WORDS[change],
        "change": change.value,
        "form": form,
        "problem": problem,
        "weight": weight,
        "stays": weight.meant - weight.changeable,
        "cost": Money(weight.cost_minor, asked.sku.cost.currency) if weight.cost_minor else None,
        "back_url": reverse("console_cards") + back_url(request),
    }
    return render(request, "console/stock/change.html", context)


_NARROW = ("state", "pool", "since", "until", "supplier", "q")
_FILTER = ("sku", "batch", *_NARROW)


def _offered(desk: Desk) -> list[tuple[str, Promise]]:
    """Return what can be done to cards that somebody selects."""
    offered = [(change.value, words.label) for change, words in WORDS.items()]
    offered.remove((Change.MERGE.value, WORDS[Change.MERGE].label))
    return [*offered, (REPLACE, REPLACE_WORDS.label)] if may_replace(desk) else offered


def may_replace(desk: Desk) -> bool:
    """Whether the person may give buyers other cards, many at once."""
    return {"stock.change", "orders.replace"} <= desk.permissions


def more_of(batch: BatchView, desk: Desk) -> list[tuple[str, ChangeWords]]:
    """Return what a page of its own asks about a whole batch."""
    free = batch.levels.available + batch.levels.set_aside + batch.levels.frozen
    if batch.state != BatchState.STOCKED:
        return []
    offered = [Change.EXTEND, Change.MERGE]
    if free + batch.levels.faulty:
        offered[1:1] = [Change.POOL, Change.OTHER_SKU, Change.SPLIT]
    found = [(change.value, WORDS[change]) for change in offered]
    if batch.levels.sold and may_replace(desk):
        found.append((REPLACE, REPLACE_WORDS))
    return found


def asked_of(request: ConsoleRequest, desk: Desk) -> Asked:
    """Read of which cards a page is.

    Raises:
        UnknownBatch, UnknownSku: There is none.
    """
    batch_uid = request.GET.get("batch", "")[:60]
    batch = queries.batch(merchant_id=desk.merchant_id, uid=batch_uid) if batch_uid else None
    with acting_as(desk.merchant_id):
        if batch:
            sku = catalog.skus_by_id(merchant_id=desk.merchant_id, ids=[batch.sku_id])[batch.sku_id]
        else:
            sku = catalog.sku(merchant_id=desk.merchant_id, uid=request.GET.get("sku", "")[:60])
        product = catalog.product(merchant_id=desk.merchant_id, uid=sku.product_uid)
    narrowed = read_filter(
        request.GET,
        sku_id=0 if batch else sku.id,
        pools=queries.pools(merchant_id=desk.merchant_id),
        zone=desk.zone,
    )
    return Asked(sku, product, batch, narrowed)


def _change_of(request: ConsoleRequest) -> Change:
    name = request.GET.get("change", "")
    if name not in {change.value for change in WORDS}:
        raise Http404
    return Change(name)


def meant_by(request: ConsoleRequest, change: Change, asked: Asked) -> ChangeRequest:
    """Return the cards that the address means: those by name, else all that fit."""
    uids = request.GET.getlist("card")[:NAMED_MOST]
    language = get_language() or "zh-hans"
    batch_uid = asked.batch.uid if asked.batch else ""
    if change == Change.MERGE:
        return ChangeRequest(change, "", batch_uids=[batch_uid], language=language)
    if uids and request.GET.get("all") != "1":
        return ChangeRequest(change, "", card_uids=uids, language=language)
    if batch_uid and not asked.narrowed.is_narrowed:
        return ChangeRequest(change, "", batch_uid=batch_uid, language=language)
    if request.GET.get("all") != "1":
        # A selection of nothing is not one of everything.
        raise Http404
    return ChangeRequest(change, "", matching=asked.narrowed.where, language=language)


def _weigh(desk: Desk, change: Change, meant: ChangeRequest, asked: Asked) -> Weight:
    if change != Change.MERGE:
        return operations.weigh_change(merchant_id=desk.merchant_id, request=meant)
    where = asked.narrowed.where
    count, minor = queries.count_matching(merchant_id=desk.merchant_id, wanted=where)
    reserved = asked.batch.levels.reserved if asked.batch else 0
    return Weight(count, count - reserved, minor)


def _choices(desk: Desk, change: Change, asked: Asked) -> Choices:
    language = get_language() or "zh-hans"
    if change == Change.POOL:
        pools = queries.pools(merchant_id=desk.merchant_id)
        return [(queries.COMMON, _("Common pool")), *((pool.uid, pool.name) for pool in pools)]
    if change == Change.OTHER_SKU:
        return [
            (sku.uid, f"{pick(product.title, language)} · {pick(sku.title, language)}")
            for product, sku in all_skus(desk.merchant_id, ProductFilter())
            if sku.id != asked.sku.id and sku.stock_mode != StockMode.GOODS
        ]
    if change == Change.MERGE and asked.batch:
        page = queries.batches(
            merchant_id=desk.merchant_id, sku_id=asked.sku.id, limit=BATCHES_MOST
        )
        return [
            (batch.uid, " · ".join(part for part in (batch.number, batch.supplier) if part))
            for batch in page.items
            if batch.state == BatchState.STOCKED and batch.uid != asked.batch.uid
        ]
    return []


def _start(desk: Desk, change: Change, meant: ChangeRequest, form: ChangeForm) -> str:
    with acting_as(desk.merchant_id):
        # A new pool and the job that fills it: both, or neither.
        terms = Terms(pool_uid=_pool_uid(desk, form)) if change == Change.POOL else form.terms()
        request = replace(meant, reason=form.cleaned_data["reason"], terms=terms)
        return operations.change_cards(
            merchant_id=desk.merchant_id, actor=desk.actor, request=request
        )


def _pool_uid(desk: Desk, form: ChangeForm) -> str:
    name = str(form.cleaned_data["name"]).strip()
    if not name:
        return str(form.cleaned_data["target"])
    return operations.create_pool(merchant_id=desk.merchant_id, actor=desk.actor, name=name).uid


def back_url(request: ConsoleRequest, *names: str) -> str:
    """Return the query of the list that a selection comes from, without these filters."""
    return without(request.GET, "card", "all", "change", *names)
