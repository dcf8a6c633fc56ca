"""Rule 16: on filled tables, what rules ask of orders and what pages ask of rules goes by index."""

import re

import pytest

from kacang.merchants.tenancy import acting_as
from kacang.orders import statements
from kacang.orders.exceptions import facts as exception_facts
from kacang.orders.fulfilling import delivering
from kacang.orders.reviewing import facts, listing, trying
from kacang.orders.reviewing.handling import limits
from kacang.orders.reviewing.types import Fact
from tests import make
from tests.orders.reviewing.conftest import Shop
from tests.plans import explained, fill, plan_of, scanned, three_merchants

FILL = """
insert into sale_order (merchant_id, number, channel, state, hold_reason, currency, total_minor,
                        payable_minor, email, phone, device, address, token_hash, pay_by,
                        created_at, paid_at)
select m, 'R' || m || '-' || n, 'shop', case when n %% 400 = 0 then 9 else 4 end,
       case when n %% 400 = 0 then 'risk_review' else '' end, 'CNY', n, n,
       'b' || n %% 700 || '@example.com', '', 'd' || n %% 900, '198.51.100.' || n %% 200, '\\x00',
       now(), now() - n * interval '1 minute', now() - n * interval '1 minute'
from unnest(%(merchants)s::bigint[]) m, generate_series(1, 6000) n;
insert into order_line (merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, title,
                        sku_title, kind)
select merchant_id, id, 1, %(sku)s, 1, 100, '{}', '{}', 'code' from sale_order
where merchant_id = any(%(merchants)s);
insert into order_unit (merchant_id, line_id, unit_no)
select merchant_id, id, 1 from order_line where merchant_id = any(%(merchants)s);
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at)
select merchant_id, 'Reviewing' || id || 'x' || merchant_id, id, 1, 100, 'CNY', now()
from sale_order where merchant_id = any(%(merchants)s);
insert into review_rule (merchant_id, uid, position)
select m, 'rulp_' || m, 1 from unnest(%(merchants)s::bigint[]) m;
insert into review_rule_version (merchant_id, rule_id, version, name, conditions, verdict, priority)
select merchant_id, id, 1, 'R', '[]', 2, 0 from review_rule where uid = 'rulp_' || merchant_id;
insert into order_review (merchant_id, order_id, verdict, state, facts, decided_at, limit_at,
    limit_deed)
select merchant_id, id, 2, case state when 9 then 1 else 0 end, '{}', now(), now(), 1
from sale_order
where merchant_id = any(%(merchants)s);
insert into review_hit (merchant_id, rule_id, order_id, version, is_deciding)
select v.merchant_id, r.id, v.order_id, 1, true
from order_review v join review_rule r on r.merchant_id = v.merchant_id
where v.merchant_id = any(%(merchants)s)
"""
# Tables so small that reading them whole is the right plan.
SMALL = "review_rule|review_rule_version|review_book|membership|sku|refund|allocation|card|batch"
SMALL += "|account"


@pytest.fixture(scope="module")
def filled(database, django_db_blocker):
    """Three merchants with thousands of orders that rules looked at; returns one of them."""
    merchants = three_merchants("rul")
    made = make.sku(merchants[0], cards=1)
    fill(database, FILL.split(";\n"), {"merchants": merchants, "sku": made.sku.pk})
    return merchants[0]


@pytest.fixture
def plans(monkeypatch):
    """Explain what modules run, then run it: each plan in order."""
    return explained(monkeypatch, facts, listing, trying)


def refuse_scans(found: str) -> None:
    assert [one for one in scanned(found) if not re.fullmatch(SMALL, one)] == [], found


def newest(merchant: int) -> list[int]:
    with acting_as(merchant):
        text = "select id from sale_order where merchant_id = %(merchant)s::bigint order by id desc"
        return [row[0] for row in statements.rows(f"{text} limit 20", {"merchant": merchant})]


@pytest.mark.parametrize("hot", [True, False])
def test_facts_of_a_set_of_orders(filled, plans, hot):
    ids = newest(filled)
    with acting_as(filled, hot=hot):
        asked = facts.Asked(frozenset(Fact), frozenset({1, 48}), frozenset({"广东"}), 3_000)
        found = facts.read_facts(filled, ids, asked)
        facts.median_of(filled)

    assert len(found) == len(ids)
    # Orders, buyers, lines, what they bought lately, accounts; the middle of the shop's.
    assert len(plans) == 6
    for plan in plans:
        refuse_scans(plan)


def test_pages_of_rules_and_trying(filled, plans):
    uid = f"rulp_{filled}"
    listing.counts_by_rule(merchant_id=filled)
    page = listing.orders_of_rule(merchant_id=filled, uid=uid)
    listing.orders_of_rule(merchant_id=filled, uid=uid, cursor=page.next_cursor)
    with acting_as(filled):
        trying.last_orders(filled, 500)

    assert page.next_cursor
    assert len(page.rows) == 20
    for plan in plans:
        refuse_scans(plan)
        own = plan if "review_hit" in plan else ""
        assert "Sort" not in own, plan


def test_who_waits_for_a_look_is_found_by_what_is_open(filled):
    text = exception_facts.FACTS
    for name in ("{one_order}", "{one_change}", "{one_refund}", "{one_known}"):
        text = text.replace(name, "")
    with acting_as(filled):
        found = plan_of(text, {"merchant": filled, "cuts": "[]"})

    assert "order_review_open" in found or "order_review_pkey" in found, found
    assert not re.search(r"Seq Scan on (order_review|sale_order)\b", found), found


def test_what_nobody_decided_in_time_is_found_by_what_is_open(filled):
    with acting_as(filled):
        compiled = statements.statement(limits.DUE)
        asked = statements.Statement(b"explain (costs off) " + compiled.text, compiled.names)
        given = {"merchant": filled, "most": 200}
        found = "\n".join(row[0] for row in statements.rows(asked, given))

    assert "order_review_limit" in found or "order_review_open" in found, found
    refuse_scans(found)


def test_who_waits_for_stock_is_found_by_its_units(filled):
    with acting_as(filled):
        found = plan_of(delivering.WAITING, {"merchant": filled, "sku": 1, "most": 200})

    refuse_scans(found)


def test_a_shop_with_a_history_settles_as_one_without(filled):
    shop = Shop(filled)
    shop.rows("update review_book set rules_on = 0 returning 1")

    assert shop.state(shop.paid())[1] == ""
