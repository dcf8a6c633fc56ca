"""Rule 16: each filter of payments goes by an index of its own and reads few rows."""

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.payments import queries
from kacang.payments.finding.filters import PaymentFilter
from kacang.payments.finding.pages import count_up_to, payments_page
from kacang.payments.queries import PaymentState
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from tests import make

# Of each merchant 20,000 within two weeks; one in 400 at the second account, one in 300 in USDT,
# one in 700 failed.
FILL = """
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at,
                     state)
select m, 'Listed' || m || 'x' || n, (select min(id) from sale_order where merchant_id = m),
       case when n % 400 = 0 then (select max(id) from account where merchant_id = m)
            else (select min(id) from account where merchant_id = m) end,
       n * 10, case when n % 300 = 0 then 'USDT' else 'CNY' end,
       now() - make_interval(mins => 20000 - n),
       case when n % 700 = 0 then 3 when n % 5 = 0 then 2 else 1 end
from unnest(%(m)s::bigint[]) m, generate_series(1, 20000) n
"""
LIMIT = 50
# A page, the row behind it, and for each of a company's two accounts as many.
READ_MOST = 2 * (LIMIT + 1) + LIMIT + 10


@pytest.fixture(scope="module")
def filled(database) -> int:
    merchants = [
        open_merchant(slug=f"paid-{new_uid('x')[2:].lower()}", name="P", kind=MerchantKind.DEMO)
        for _ in range(3)
    ]
    for merchant in merchants:
        make.account(merchant)
        make.account(merchant)
        make.order(make.sku(merchant))
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        owner.execute(FILL.replace(" % ", " %% "), {"m": merchants})
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("analyze")
    return merchants[1]


def _account(merchant: int) -> str:
    return queries.accounts(merchant_id=merchant)[-1].uid


def _ago(**span: int):
    return utc_now() - timedelta(**span)


FILTERS = {
    "payment_account: all": lambda m: PaymentFilter(),
    "payment_account: today": lambda m: PaymentFilter(since=_ago(hours=5)),
    "payment_account: own range": lambda m: PaymentFilter(since=_ago(days=9), until=_ago(days=8)),
    "payment_account: account": lambda m: PaymentFilter(account=_account(m)),
    "payment_account: company": lambda m: PaymentFilter(provider="sandbox"),
    "payment_account: account and range": lambda m: PaymentFilter(
        account=_account(m), since=_ago(days=9), until=_ago(days=2)
    ),
    "payment_account: paid": lambda m: PaymentFilter(state=PaymentState.PAID),
    "payment_unpaid: failed": lambda m: PaymentFilter(state=PaymentState.FAILED),
    "payment_unpaid: closed and range": lambda m: PaymentFilter(
        state=PaymentState.CLOSED, until=_ago(days=5)
    ),
    "payment_amount: from": lambda m: PaymentFilter(amount_min_minor=150_000, currency="CNY"),
    "payment_amount: exactly": lambda m: PaymentFilter(
        amount_min_minor=5_010, amount_max_minor=5_010, currency="CNY"
    ),
    "payment_amount: of another currency": lambda m: PaymentFilter(
        amount_min_minor=1, currency="USDT"
    ),
    "payment_number_key: number": lambda m: PaymentFilter(number=f"Listed{m}x77"),
}


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _plans(merchant, ask):
    """The plans of what reads payments, as they ran: under the policies, as the app's role."""
    with CaptureQueriesContext(connection) as ran:
        ask()
    asked = [one["sql"] for one in ran if "from payment" in one["sql"]]
    assert asked
    with acting_as(merchant, in_order=True), connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(
                "explain (analyze, costs off, format json) " + sql.replace("%", "%%"), []
            )
            found = cursor.fetchone()[0]
            yield (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def _looks(merchant, where):
    first = payments_page(merchant_id=merchant, where=where, limit=LIMIT)
    if first.next_cursor:
        payments_page(merchant_id=merchant, where=where, cursor=first.next_cursor, limit=LIMIT)
    count_up_to(merchant_id=merchant, where=where, most=LIMIT)


@pytest.mark.parametrize("name", FILTERS)
def test_P2_goes_by_its_index_and_reads_no_more_than_a_page(filled, name):
    index = name.partition(":")[0]

    plans = list(_plans(filled, lambda: _looks(filled, FILTERS[name](filled))))

    used = set()
    for plan in plans:
        for node in _nodes(plan):
            assert node["Node Type"] not in {"Seq Scan", "Bitmap Heap Scan"} or (
                node.get("Relation Name") != "payment"
            ), plan
            if node.get("Relation Name") == "payment":
                used.add(node["Index Name"])
                read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                assert read * node["Actual Loops"] <= READ_MOST, plan
            if node["Node Type"].endswith("Sort"):
                assert node["Plans"][0]["Actual Rows"] <= READ_MOST, plan
    assert index in used, plans
