"""What waits for a person beside orders: low stock, bank transfers, what failed."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kacang.aftersales import queries as cases
from kacang.aftersales.queries import CaseState
from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter, ProductState, ProductView, SkuView, StockMode
from kacang.messages import queries as messages
from kacang.messages.queries import MessageFilter, MessageState
from kacang.orders.exceptions import queries as exceptions
from kacang.outbox import queries as outbox
from kacang.outbox.queries import WorkState
from kacang.payments.bank_transfers import transfers
from kacang.supply.queries import Terms, default_terms, levels_of
from kacang.vault.queries import StockLevel
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.web.console.desk import Desk
from kacang.web.design.parts import Todo

PAGE = 200
LOOK_BACK = 100


def all_skus(merchant_id: int, where: ProductFilter) -> Iterator[tuple[ProductView, SkuView]]:
    """Return every SKU that fits, in the shop's order."""
    cursor = ""
    while True:
        page = catalog.products_page(
            merchant_id=merchant_id, where=where, cursor=cursor, limit=PAGE
        )
        for product in page.items:
            for sku in product.skus:
                yield product, sku
        cursor = page.next_cursor
        if not cursor:
            return


def is_low(sku: SkuView, level: StockLevel, terms: Terms) -> bool:
    """Whether a SKU has fewer cards or pieces than its owner wants, or none at all."""
    least = max(terms.of(sku).low_stock_at, 1)
    return sku.stock_mode != StockMode.LOOP and level.available < least


def low_skus(merchant_id: int) -> tuple[int, int]:
    """Return how many SKUs on sale are low, and how many of these are empty."""
    where = ProductFilter(state=ProductState.ON_SALE)
    skus = [sku for _product, sku in all_skus(merchant_id, where) if sku.on_sale]
    levels = levels_of(merchant_id, skus)
    terms = default_terms(merchant_id=merchant_id)
    low = [sku for sku in skus if is_low(sku, levels[sku.id], terms)]
    return len(low), sum(levels[sku.id].available <= 0 for sku in low)


def exceptions_todo(desk: Desk) -> Todo:
    """Return the counter of what does not go on by itself, and how much of it is late."""
    who = {"merchant_id": desk.merchant_id}
    late = exceptions.count_late(**who)
    note = ngettext("%(count)s is late", "%(count)s are late", late) % {"count": late}
    waiting = sum(exceptions.counts_by_kind(**who).values())
    url = reverse("console_exceptions") + ("?show=late" if late else "")
    return Todo("alert-triangle", _("Exceptions"), waiting, url, note, alarming=bool(late))


def troubles(desk: Desk) -> list[Todo]:
    """Return the counters of what waits or failed, for those who may look into it."""
    items = []
    if "payments.confirm" in desk.permissions:
        proved = transfers.waiting_count(merchant_id=desk.merchant_id)
        words = _("Transfers to confirm"), proved, reverse("console_transfers")
        items += [Todo("credit-card", *words, _("proved by buyers"))] if proved else []
    if "cases.view" in desk.permissions:
        items += _cases(desk)
    if "wallets.pay_out" in desk.permissions:
        out = sum(withdrawals.waiting_counts(merchant_id=desk.merchant_id).values())
        words = _("Withdrawals"), out, reverse("console_withdrawals")
        items += [Todo("wallet", *words, _("to approve or to pay"))] if out else []
    if "messages.view" in desk.permissions:
        where = MessageFilter(state=MessageState.FAILED)
        lost = messages.log(merchant_id=desk.merchant_id, where=where, limit=LOOK_BACK).rows
        items.append(
            Todo(
                "mail",
                _("Failed messages"),
                len(lost),
                f"{reverse('console_messages')}?state=failed",
                _("not sent"),
                alarming=True,
            )
        )
    if "works.view" in desk.permissions:
        works = outbox.works(merchant_id=desk.merchant_id, limit=LOOK_BACK)
        failed = sum(work.state is WorkState.FAILED for work in works)
        items.append(
            Todo(
                "tool",
                _("Failed jobs"),
                failed,
                f"{reverse('console_works')}?state=failed",
                _("of the last 100"),
                alarming=True,
            )
        )
    return items


def _cases(desk: Desk) -> list[Todo]:
    """Return the cases that wait for the shop; late ones alarm."""
    counts = cases.counts(merchant_id=desk.merchant_id)
    waiting = counts[CaseState.NEW] + counts[CaseState.OURS]
    late = cases.late_count(merchant_id=desk.merchant_id)
    if not waiting:
        return []
    note = _("%(count)s late") % {"count": f"{late:,}"} if late else _("to answer or decide")
    state = "new" if counts[CaseState.NEW] else "ours"
    address = f"{reverse('console_cases')}?state={state}"
    return [Todo("headset", _("After-sales"), waiting, address, note, alarming=late > 0)]
