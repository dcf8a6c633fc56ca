"""Every page of the daily work: no fault found by axe, nothing beyond the window, both widths."""

import pytest

from kacang.catalog import queries as catalog
from kacang.merchants.audit import Actor
from kacang.orders import operations as orders
from kacang.orders import queries as orders_list
from kacang.orders.types import OrderFilter, OrderState
from kacang.payments import queries as payments
from kacang.payments.finding.filters import PaymentFilter
from kacang.payments.finding.pages import payments_page
from kacang.payments.queries import PaymentState
from kacang.reconciliation import queries as reconciliation
from kacang.reconciliation.queries import BillFilter
from kacang.vault import operations
from kacang.vault import queries as vault
from tests.browser.console.bills import account_of, some_bills
from tests.browser.console.conftest import sign_in
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
PAGES = {
    "overview": "/console/",
    "orders": "/console/orders/",
    "orders-filtered": "/console/orders/?state=delivered&period=30d&channel=shop",
    "order": "/console/orders/{order}/",
    "products": "/console/products/",
    "product": "/console/products/{product}/",
    "product-new": "/console/products/new/",
    "categories": "/console/products/categories/",
    "stock": "/console/stock/",
    "stock-sku": "/console/stock/{sku}/",
    "import": "/console/stock/{sku}/import/",
    "generate": "/console/stock/{sku}/generate/",
    "batch": "/console/stock/batches/{batch}/",
    "order-replaced": "/console/orders/{replaced}/",
    "order-cards": "/console/orders/{replaced}/cards/",
    "card": "/console/stock/cards/{card}/",
    "expiring": "/console/stock/expiring/?days=90",
    "works": "/console/works/",
    "payments": "/console/payments/",
    "suspense": "/console/payments/suspense/",
    "accounts": "/console/payments/accounts/",
    "payment": "/console/payments/number/{payment}/",
    "account": "/console/payments/accounts/{account}/",
    "account-new": "/console/payments/accounts/new/?company=sandbox",
    "finance": "/console/finance/?days=30",
    "bills": "/console/reconciliation/",
    "bill": "/console/reconciliation/bills/{bill}/",
    "bill-all": "/console/reconciliation/bills/{bill}/?show=all",
    "bill-upload": "/console/reconciliation/upload/",
    "differences": "/console/reconciliation/differences/?show=all",
    "bill-report": "/console/reconciliation/report/",
    "bill-ours": "/console/reconciliation/ours/?account={bank}",
    "bill-theirs": "/console/reconciliation/theirs/?account={bank}",
    "ledger": "/console/ledger/",
    "ledger-account": "/console/ledger/accounts/1100/",
    "ledger-order": "/console/ledger/order/{order}/",
    "messages": "/console/messages/",
    "notices": "/console/notices/",
    "blacklist": "/console/blacklist/",
}
# In Chinese `test_every_page.py` looks at the others: wide and light, narrow and dark.
OF_THEIR_OWN = {
    "orders-filtered",
    "order-replaced",
    "order-cards",
    "card",
    "expiring",
    "payment",
    "account-new",
    "finance",
    "bill-all",
    "differences",
}


def a_replaced_card(shop):
    """An order with a card that replaced another, and that one's name."""
    who = {"merchant_id": shop.merchant_id}
    page = orders_list.orders_page(**who, where=OrderFilter(state=OrderState.DELIVERED))
    number = page.rows[-1].number
    if shop.replaced:
        return number, shop.replaced[0]
    lines = [line.id for line in orders_list.order(**who, number=number).lines]
    old = vault.cards_of_units(**who, line_ids=lines)[0].card_uid
    actor = Actor("user", None, shop.email, "203.0.113.9")
    operations.reveal(**who, card_uids=[old], actor=actor, reason="买家反馈无法激活")
    orders.replace_card(**who, card_uid=old, actor=actor, reason="买家反馈无法激活，已核实")
    shop.replaced.append(old)
    return number, old


def a_bill(shop):
    """The newest bill, which has differences of every kind."""
    where = BillFilter(has_open=True)
    found = reconciliation.bills(merchant_id=shop.merchant_id, where=where)
    return found[0].uid if found else some_bills(shop.merchant_id)


def addresses(shop):
    sku = catalog.sku(merchant_id=shop.merchant_id, uid=shop.skus[0])
    replaced, card = a_replaced_card(shop)
    names = {
        "replaced": replaced,
        "card": card,
        "bill": a_bill(shop),
        "bank": account_of(shop.merchant_id),
        "order": shop.numbers[0],
        "sku": sku.uid,
        "product": sku.product_uid,
        "payment": payments_page(
            merchant_id=shop.merchant_id, where=PaymentFilter(state=PaymentState.PAID)
        )
        .rows[0]
        .number,
        "account": payments.accounts(merchant_id=shop.merchant_id)[0].uid,
        "batch": vault.batches(merchant_id=shop.merchant_id, sku_id=sku.id).items[0].uid,
    }
    return {name: path.format(**names) for name, path in PAGES.items()}


@pytest.mark.parametrize(
    ("size", "dark", "language"),
    [(DESKTOP, False, "zh-CN"), (PHONE, True, "zh-CN"), (DESKTOP, True, "en-US"),
     (PHONE, False, "en-US")],
)  # fmt: skip
def test_pages_of_a_busy_shop(open_page, busy, size, dark, language):
    page = sign_in(open_page(size, dark=dark, language=language), busy)
    kind = f"{size[0]}-{'dark' if dark else 'light'}-{language[:2]}"
    wanted = OF_THEIR_OWN if language == "zh-CN" else set(PAGES)

    faults = []
    for name, path in addresses(busy).items():
        if name not in wanted:
            continue
        answer = page.goto(path)
        shot(page, f"{name}-{kind}")
        for check in (assert_axe, assert_fits):
            try:
                check(page)
            except AssertionError as fault:
                faults.append(f"{name}: {fault}")
        if answer is None or answer.status != 200:
            faults.append(f"{name}: status {answer and answer.status}")

    assert faults == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_pages_of_an_empty_shop(open_page, empty, size):
    page = sign_in(open_page(size), empty)

    faults = []
    for name, path in PAGES.items():
        if "{" in path:
            continue
        page.goto(path)
        shot(page, f"empty-{name}-{size[0]}")
        for check in (assert_axe, assert_fits):
            try:
                check(page)
            except AssertionError as fault:
                faults.append(f"{name}: {fault}")

    assert faults == []
