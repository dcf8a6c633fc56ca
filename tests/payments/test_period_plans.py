"""Rule 16: sums of a period read the rows of that period, whatever history there is (L19)."""

import re
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.payments import reporting
from kacang.shared.ids import new_uid
from tests import make

TIMES = {"payment": "created_at", "receipt": "seen_at"}
# Two years, a row each quarter of an hour.
FILL = """
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at)
select %(m)s, 'Period' || lpad(n::text, 6, '0'),
       (select min(id) from sale_order where merchant_id = %(m)s),
       (select min(id) from account where merchant_id = %(m)s), 100, 'CNY',
       now() - interval '2 years' + n * interval '15 minutes'
from generate_series(1, 70000) n order by n;
insert into receipt (merchant_id, account_id, payment_id, payment_number, provider_number,
                     amount_minor, currency, fit, seen_at)
select merchant_id, account_id, id, number, 'sb' || number, 100, 'CNY', 0, created_at
from payment where merchant_id = %(m)s and number like 'Period%%' order by id
"""


@pytest.fixture(scope="module")
def filled(database) -> int:
    merchant = open_merchant(
        slug=f"term-{new_uid('x')[2:].lower()}", name="P", kind=MerchantKind.DEMO
    )
    make.account(merchant)
    make.order(make.sku(merchant))
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        for text in FILL.split(";\n"):
            owner.execute(text, {"m": merchant})
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        # As time brings them: what other tests have put in before is of today, not of years ago.
        for table, column in TIMES.items():
            admin.execute(f"create index in_time on {table} ({column})")
            admin.execute(f"cluster {table} using in_time")
            admin.execute("drop index in_time")
        admin.execute("vacuum analyze payment, receipt")
    return merchant


def a_week(merchant):
    until = timezone.now()
    return {
        "merchant_id": merchant,
        "since": until - timedelta(days=7),
        "until": until,
        "zone": "Asia/Shanghai",
    }


def what_moved(merchant):
    ids = [one.id for one in reporting.account_names(merchant_id=merchant)]
    reporting.moved(**a_week(merchant), account_ids=ids, by="day")


SUMS = {
    "receipt_time": what_moved,
    "payment_account": lambda merchant: reporting.tries(**a_week(merchant)),
}


@pytest.mark.parametrize("index", SUMS)
def test_a_week_of_two_years_is_found_by_time(filled, index):
    with CaptureQueriesContext(connection) as ran:
        SUMS[index](filled)

    sql = next(query["sql"] for query in ran if ("date" in query["sql"] and "sum(" in query["sql"])
               or "count(*)" in query["sql"])  # fmt: skip
    with acting_as(filled), connection.cursor() as cursor:
        cursor.execute("explain (costs off) " + sql.replace("%", "%%"), [])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan
    assert re.search(r"Cond: .*(seen_at|created_at) >= ", plan), plan
