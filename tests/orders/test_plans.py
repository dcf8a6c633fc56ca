"""Rule 16: on filled tables, under the policies, lists and claims go by index and sort nothing."""

import re

import psycopg
import pytest
from django.db import connection

from kacang.catalog.queries import Strategy
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries, sql, statements
from kacang.orders.buying import placing
from kacang.orders.cards import replacing
from kacang.orders.fulfilling import delivering
from kacang.orders.money import settling
from kacang.payments import queries as payments
from kacang.vault import queries as vault
from tests import make
from tests.plans import plan_of, scanned, three_merchants

FILL = """
insert into sale_order (merchant_id, number, channel, state, currency, total_minor, payable_minor,
                        email, phone, phone_tail, token_hash, pay_by, created_at, paid_at)
select m, 'F' || m || '-' || n, 'shop', (array[4, 4, 4, 6, 9, 0])[1 + n %% 6], 'CNY', 100, 100,
       'b' || n || '@example.com', '+861380000' || lpad((n %% 10000)::text, 4, '0'),
       lpad((n %% 10000)::text, 4, '0'), '\\x00', now() + interval '1 hour', now(), now()
from unnest(%s::bigint[]) m, generate_series(1, 4000) n;
insert into order_line (merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, title,
                        sku_title, kind)
select merchant_id, id, 1, %s, 1, 100, '{}', '{}', 'code' from sale_order
where merchant_id = any(%s::bigint[]) and number like 'F%%';
insert into order_unit (merchant_id, line_id, unit_no)
select merchant_id, id, 1 from order_line where merchant_id = any(%s::bigint[]) and title = '{}';
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at)
select merchant_id, 'Filling' || id || 'x' || merchant_id, id, 1, 100, 'CNY', now() from sale_order
where merchant_id = any(%s::bigint[]);
insert into card (merchant_id, sku_id, batch_id, pick_key, fingerprint, secret)
select m, %s, 1, floor(random() * 2147483647)::bigint, decode(md5(m || '-' || n), 'hex'), '\\x00'
from unnest(%s::bigint[]) m, generate_series(1, 6000) n;
"""
# Tables so small that reading them whole is the right plan.
SMALL = "sku|product|batch|account|pick_mark|block|category"


@pytest.fixture(scope="module")
def filled(database, django_db_blocker):
    """Three merchants with thousands of orders and cards; returns one of them and its SKU."""
    merchants = three_merchants("plan")
    made = make.sku(merchants[0], cards=50, strategy=Strategy.FIRST_IN)
    make.account(merchants[0])
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        given: tuple[list[object], ...] = (
            [merchants],
            [made.sku.pk, merchants],
            [merchants],
            [merchants],
            [made.sku.pk, merchants],
        )
        for text, parameters in zip(FILL.split(";\n"), given, strict=False):
            owner.execute(text, parameters)
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("analyze")
    return made


def refuse_scans(found: str) -> None:
    assert [table for table in scanned(found) if not re.fullmatch(SMALL, table)] == [], found


def refuse_sorted_claims(found: str) -> None:
    """Cards are claimed in the order of an index: none is read that is not taken."""
    claims = re.findall(r"LockRows\n((?:.*\n){0,6}?.*Scan.*) on card\b", found)
    assert claims, found
    assert [claim for claim in claims if "Sort" in claim or "Index" not in claim] == [], found


def test_a_replacement_reads_no_table_whole(filled, monkeypatch):
    plans = {}
    real = statements.rows

    def explain(text, parameters):
        plans[text.text] = plan_of(text, parameters)
        return real(text, parameters)

    monkeypatch.setattr(replacing, "rows", explain)
    account = payments.account_for(merchant_id=filled.merchant_id, provider="sandbox")
    placed = make.order(filled)
    operations.settle_notices(account=account, notices=[make.notice(placed)])
    view = queries.order(merchant_id=filled.merchant_id, number=placed.number)
    (unit,) = vault.cards_of_units(
        merchant_id=filled.merchant_id, line_ids=[line.id for line in view.lines]
    )
    operations.replace_card(
        merchant_id=filled.merchant_id, card_uid=unit.card_uid, actor=SYSTEM, reason="x"
    )

    found = plans[sql.REPLACE.text]
    refuse_scans(found)
    refuse_sorted_claims(found)


def test_the_hot_path_reads_no_table_whole(filled, monkeypatch):
    plans = {}
    real = statements.rows

    def explain(text, parameters):
        if isinstance(text, statements.Statement):
            plans[text.text] = plan_of(text, parameters)
        return real(text, parameters)

    for module in (placing, settling, delivering):
        monkeypatch.setattr(module, "rows", explain)
    account = payments.account_for(merchant_id=filled.merchant_id, provider="sandbox")
    placed = make.order(filled, 2)
    operations.settle_notices(account=account, notices=[make.notice(placed)])

    assert {sql.PLACE_QUICK.text, sql.RECEIVE.text, sql.DELIVER_QUICK.text} <= set(plans)
    refuse_sorted_claims(plans[sql.PLACE_QUICK.text])
    for found in plans.values():
        refuse_scans(found)


@pytest.mark.parametrize(
    "text", [sql.PLACE, sql.DELIVER, sql.RELEASE], ids=["place", "deliver", "release"]
)
def test_the_thorough_statements_read_no_table_whole(filled, text):
    nothing = dict.fromkeys(("orders", "lines", "chosen", "due", "money", "counters"), "[]")
    given = {
        "merchant": filled.merchant_id, "o_id": [1], "event": 5, "actor_kind": "", "actor": "",
        "address": "", "reason": "", **nothing,
    }  # fmt: skip
    with acting_as(filled.merchant_id, hot=True):
        found = plan_of(text, given)
    refuse_scans(found)
    if text is not sql.RELEASE:
        refuse_sorted_claims(found)


def test_the_app_sees_one_merchant_in_all_of_this(filled):
    with acting_as(filled.merchant_id), connection.cursor() as cursor:
        cursor.execute("select count(distinct merchant_id) from card")
        assert cursor.fetchone() == (1,)
