"""Rule 16: on filled tables the queue, its job and the watch of deadlines go by index."""

import re

import pytest

from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines import marks, watching
from kacang.orders.deadlines.queries import LATE, MISSED, MarkFilter
from kacang.orders.exceptions import listing, syncing
from kacang.orders.exceptions.queries import ExceptionFilter, Kind
from kacang.shared.clock import utc_now
from tests import make
from tests.plans import explained, fill, scanned, three_merchants

FILL = """
insert into sale_order (merchant_id, number, channel, state, currency, total_minor, payable_minor,
                        token_hash, pay_by, created_at, paid_at)
select m, 'E' || m || '-' || n, 'shop', case when n %% 40 = 0 then 9 else 4 end, 'CNY', 100, 100,
       '\\x00', now() + interval '1 hour', now() - interval '1 day', now() - interval '1 day'
from unnest(%(merchants)s::bigint[]) m, generate_series(1, 6000) n;
insert into order_line (merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, title,
                        sku_title, kind)
select merchant_id, id, 1, %(sku)s, 1, 100, '{}', '{}', 'code' from sale_order
where number like 'E%%';
insert into order_exception (merchant_id, uid, order_id, kind, since, due_at, closed_at, ending)
select merchant_id, 'exc_' || merchant_id || '_' || id, id, 2, now(), now() + id * interval '1 s',
       case when id %% 20 > 0 then now() end, case when id %% 20 > 0 then 'delivered' else '' end
from sale_order where number like 'E%%';
insert into deadline_mark (merchant_id, stage, order_id, started_at, due_at, breached_at, ended_at)
select merchant_id, 'delivery', id, now(), now() + id * interval '1 s',
       case when id %% 3 = 0 then now() + id * interval '1 s' end,
       case when id %% 20 > 0 then now() end
from sale_order where number like 'E%%';
insert into timeline (merchant_id, order_id, event, at)
select merchant_id, id, 1, now() from sale_order where number like 'E%%'
"""
# Tables so small that reading them whole is the right plan; months in which nothing happened.
SMALL = "order_review|sku|product|refund|change_request|message|payment|membership|timeline_.*"


@pytest.fixture(scope="module")
def filled(database, django_db_blocker):
    """Three merchants with thousands of orders; returns one of them."""
    merchants = three_merchants("exc")
    made = make.sku(merchants[0], cards=1)
    fill(database, FILL.split(";\n"), {"merchants": merchants, "sku": made.sku.pk})
    return merchants[0]


@pytest.fixture
def plans(monkeypatch):
    """Explain what modules run, and run nothing: each plan in order."""
    return explained(monkeypatch, listing, syncing, marks, watching, runs=False)


def refuse_scans(found: str) -> None:
    this_month = f"timeline_{utc_now():%Y%m}"
    large = [one for one in scanned(found) if not re.fullmatch(SMALL, one) or one == this_month]
    assert large == [], found


@pytest.mark.parametrize(
    "where",
    [
        ExceptionFilter(),
        ExceptionFilter(kind=Kind.STOCK),
        ExceptionFilter(owner_id=7),
        ExceptionFilter(is_late=True),
        ExceptionFilter(is_closed=True),
    ],
)
def test_the_queue_goes_by_index_and_sorts_no_more_than_a_page(filled, plans, where):
    listing.exceptions_page(merchant_id=filled, where=where)

    (found,) = plans
    refuse_scans(found)
    # What is sorted is the page itself, after its limit.
    page = found.split("CTE x")[1].split("->  Sort")[0] if "CTE x" in found else found
    assert "Limit" in page
    assert "order_exception_" in page


@pytest.mark.parametrize("show", [LATE, MISSED])
def test_marks_go_by_index(filled, plans, show):
    marks.marks_page(merchant_id=filled, where=MarkFilter(show=show))

    refuse_scans(plans[0])
    assert "deadline_mark_" in plans[0]


def test_the_jobs_read_no_table_whole(filled, plans):
    with acting_as(filled):
        syncing.sync_exceptions(merchant_id=filled)
        watching.watch_deadlines(merchant_id=filled, now=utc_now())

    assert len(plans) >= 4
    for found in plans:
        refuse_scans(found)
