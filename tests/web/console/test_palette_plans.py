"""Rule 16: whatever is typed into the palette, it is found by index in a long history (O2)."""

import re

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders.finding import listing
from kacang.vault.finding.tails import tail_print
from kacang.vault.models import Batch
from tests import make
from tests.orders.finding.test_plans import filled  # noqa: F401 - a fixture
from tests.plans import explained
from tests.web.console.conftest import work_as

# What grows with a shop's history.
LONG = "sale_order|order_line|payment|shipment|card|customer|customer_contact|audit_entry"
_PARCELS = """
insert into shipment (merchant_id, uid, order_id, courier, tracking_number, actor_label, created_at,
                      void_reason)
select merchant_id, 'plan_' || id, id, 'sf', 'SF9' || lpad(payable_minor::text, 10, '0'), '', now(),
       '' from sale_order where merchant_id = any(%(merchants)s) and payable_minor %% 2 = 0
"""
_CARDS = """
insert into card (merchant_id, sku_id, batch_id, state, pick_key, fingerprint, number, number_mask,
                  secret, tail_print)
select m, %(sku)s, %(batch)s, 2, n, decode(md5(m || '-palette-' || n), 'hex'),
       'SN' || lpad(n::text, 10, '0'), 'SN…', '\\x00', (%(prints)s::bigint[])[1 + n %% 100]
from unnest(%(merchants)s::bigint[]) m, generate_series(1, 8000) n
"""
_CONTACTS = """
insert into customer_contact (merchant_id, customer_id, kind, value, tail, added_at)
select k.merchant_id, k.id, 1, k.uid || '@example.com', '', now() from customer k
where k.merchant_id = any(%(merchants)s)
"""


@pytest.fixture(scope="module")
def long_history(filled, database, django_db_blocker):  # noqa: F811 - the fixture
    """Parcels, cards with numbers and customers' contacts beside thousands of orders."""
    mine = filled.merchant_id
    cipher = cipher_for(mine)
    prints = [tail_print(cipher, f"SN{end:010}") for end in range(100)]
    batch = make.sku(mine, cards=1).batch
    assert isinstance(batch, Batch)
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        rows = admin.execute(
            "select id from merchant where slug like 'find-%%' and id >= %s", [mine]
        ).fetchall()
        # The numbers of orders are longer than what stands for other things.
        admin.execute(
            "update sale_order set number = number || '-PALETTE' where merchant_id = %s"
            " and payable_minor in (77, 78)",
            [mine],
        )
        given = {
            "merchants": [row[0] for row in rows], "sku": filled.sku.pk, "batch": batch.pk,
            "prints": prints,
        }  # fmt: skip
        for text in (_PARCELS, _CARDS, _CONTACTS):
            admin.execute(text.encode(), given)
        admin.execute("analyze")
    return filled


def plans_of(monkeypatch, merchant_id: int, ask) -> list[str]:
    """Run `ask`; return the plan of each statement that looks into what grows."""
    plans = explained(monkeypatch, listing)
    with CaptureQueriesContext(connection) as seen:
        ask()
    for one in seen.captured_queries:
        is_read = one["sql"].lstrip().upper().startswith("SELECT")
        if is_read and re.search(rf"\b({LONG})\b", one["sql"]):
            with acting_as(merchant_id), connection.cursor() as cursor:
                cursor.execute("explain (costs off) " + one["sql"].replace("%", "%%"))
                plans.append("\n".join(row[0] for row in cursor.fetchall()))
    return plans


def read_whole(plan: str) -> list[str]:
    """Return what of the long tables a plan reads whole, or all that a merchant has in it."""
    found, table = [], ""
    for line in plan.splitlines():
        if scan := re.search(r"(\w+) Scan(?: Backward)?(?: using \w+)? on (\w+)", line):
            kind, table = scan[1], scan[2]
            if kind == "Seq" and re.fullmatch(LONG, table):
                found.append(table)
        elif "Index Cond:" in line and re.fullmatch(LONG, table):
            columns = set(re.findall(r"\b(\w+) (?:=|<|>)", line))
            if columns <= {"merchant_id"}:
                found.append(table)
    return found


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("F{m}-77-PALETTE F{m}-78-palette", "/console/orders/F{m}-77"),
        ("b77@example.com", "/console/orders/F{m}-77"),
        ("0077", "/console/orders/F{m}-77"),
        ("x77777-no", "Nothing found"),
        ("SF90000000078", "/console/orders/F{m}-78"),
        ("SN0000000077", "/console/stock/cards/"),
        ("cus_{m}_77@example.com", "/console/customers/cus_{m}_77"),
    ],
)
def test_is_found_by_index(long_history, monkeypatch, words, offered):
    who = long_history.merchant_id
    owner = work_as(who, "owner")
    answers = []

    def ask() -> None:
        answers.append(owner.get("/console/search/", {"q": words.replace("{m}", str(who))}))

    plans = plans_of(monkeypatch, who, ask)

    assert offered.replace("{m}", str(who)) in answers[0].content.decode()
    assert len(plans) >= 2
    for plan in plans:
        assert read_whole(plan) == [], plan
