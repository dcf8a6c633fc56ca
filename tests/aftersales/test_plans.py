"""Lists of cases and what the clock looks for go by index, however many there are (rule 16)."""

import secrets

import psycopg
import pytest
from django.db import connection

from kacang.aftersales.models import Case, CaseState
from kacang.aftersales.queries import _by_deadline, _narrowed, _newest
from kacang.aftersales.types import CaseFilter
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from tests.aftersales.cases import Sold

CASES = 30_000
# Nearly all of a shop's cases are closed; a few hundred wait.
FILL = """
insert into after_sales_case (merchant_id, uid, order_id, request_uid, kind, state, buyer_key,
    opened_at, answer_by, decide_by, due_at, act_at, closed_at)
select %(merchant)s::bigint, 'cas_' || %(mark)s::text || n, %(order)s::bigint, n::text, 1,
    case when n %% 100 = 0 then 1 else 5 end, decode(md5(n::text), 'hex'), t, t, t,
    case when n %% 100 = 0 then t end, case when n %% 100 = 0 then t end,
    case when n %% 100 <> 0 then t end
from generate_series(1, %(most)s::int) as n,
    lateral (select now() - make_interval(mins => n)) as at(t)
"""


@pytest.fixture
def filled(database):
    def fill(merchant):
        sold = Sold(merchant, 1)
        mark = secrets.token_hex(4)
        with acting_as(merchant), connection.cursor() as cursor:
            given = {"merchant": merchant, "order": sold.order.id, "mark": mark, "most": CASES}
            cursor.execute(FILL, given)
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            owner.execute("vacuum analyze after_sales_case")
        return sold.order.id

    return fill


def test_nothing_is_read_whole_and_nothing_sorted(merchant, filled):
    order_id = filled(merchant)
    mine = Case.objects.filter(merchant_id=merchant)
    new = CaseFilter(states=(CaseState.NEW,))
    closed = CaseFilter(states=(CaseState.CLOSED,))
    asked = {
        "by deadline": _by_deadline(_narrowed(merchant, new), "")[:51],
        "next page": _by_deadline(_narrowed(merchant, new), "1700000000000000:5")[:51],
        "closed": _newest(_narrowed(merchant, closed), "")[:51],
        "all": _newest(_narrowed(merchant, CaseFilter()), "")[:51],
        "next of all": _newest(_narrowed(merchant, CaseFilter()), "99999999")[:51],
        "of the buyer": mine.filter(buyer_key=b"x" * 16).order_by("-id")[:20],
        "to look at": mine.filter(act_at__lte=utc_now()).order_by("act_at", "id")[:200],
    }

    found = {}
    for name, query in asked.items():
        with acting_as(merchant):
            plan = query.explain()
        found[name] = [bad for bad in ("Seq Scan", "Sort") if bad in plan]
    with acting_as(merchant):
        plan = mine.filter(order_id=order_id + 1, request_uid="x").explain()
        found["of the order"] = [bad for bad in ("Seq Scan", "Sort") if bad in plan]

    assert found == {name: [] for name in found}
