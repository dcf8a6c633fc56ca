"""Before the first ANALYZE too, a sale reads its own rows, not the merchant's (rule 16)."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import RawCursor

from kacang.catalog.queries import Strategy
from kacang.orders import operations, sql, statements
from kacang.orders.buying import placing
from kacang.orders.fulfilling import delivering
from kacang.orders.money import settling
from kacang.orders.types import PlacedOrder
from tests import make

HISTORY = 1200
READ_MAX = 100
FORGET = """
select pg_clear_attribute_stats(schemaname, tablename, attname, false) from pg_stats
where schemaname = 'public';
select pg_clear_relation_stats('public', relname) from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
"""
NAMES = {
    text.text: name
    for name, text in vars(sql).items()
    if name.isupper() and isinstance(text, statements.Statement)
}


TABLES = """
select format('alter table %I {} (autovacuum_enabled{})', relname) from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
"""


@pytest.fixture
def unknown(database) -> Iterator[None]:
    """No statistics but what the migration tells, as in an installation's first hour.

    Nobody may gather any meanwhile: after hundreds of other tests that would be due at any moment.
    """
    seeds = import_module("kacang.orders.migrations.0003_first_plans")
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        for (text,) in admin.execute(TABLES.format("set", " = off")).fetchall():
            admin.execute(text)
        for text in (*FORGET.split(";"), seeds.SEED, seeds.SEED_EMPTY):
            admin.execute(text)
    connection.close()
    yield
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        for (text,) in admin.execute(TABLES.format("reset", "")).fetchall():
            admin.execute(text)


def read(plan: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """How many rows each part of a plan looked at, and what it is."""
    removed = sum(plan.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    seen = (plan.get("Actual Rows", 0) + removed) * plan.get("Actual Loops", 1)
    yield seen, f"{plan['Node Type']} {plan.get('Index Name', plan.get('Relation Name', ''))}"
    for part in plan.get("Plans", ()):
        yield from read(part)


def test_a_sale_reads_no_history(merchant, unknown, monkeypatch):
    made = make.sku(merchant, cards=HISTORY + 5, strategy=Strategy.FIRST_IN)
    account = make.account(merchant)
    wishes = [make.request(made, provider="sandbox") for _ in range(HISTORY)]
    outcomes = operations.place_orders(merchant_id=merchant, requests=wishes)
    placed = [one for one in outcomes if isinstance(one, PlacedOrder)]
    paid = placed[: HISTORY // 2]
    operations.settle_notices(account=account, notices=[make.notice(one) for one in paid])
    found: dict[str, tuple[float, str]] = {}

    def explained(text: statements.Statement | str, given: dict[str, Any]) -> Any:
        assert isinstance(text, statements.Statement)
        with connection.connection.transaction(force_rollback=True):
            cursor = RawCursor(connection.connection)
            values = {"shift": 0.0, "all": 2**31, **given}
            words = b"explain (analyze, timing off, format json) " + text.text
            cursor.execute(words, [values[name] for name in text.names], prepare=True)
            ((plan,),) = cursor.fetchall()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        found[NAMES[text.text]] = max(read(plan[0]["Plan"]))
        return statements.rows(text, given)

    for module in (placing, settling, delivering):
        monkeypatch.setattr(module, "rows", explained)
    operations.settle_notices(account=account, notices=[make.notice(make.order(made))])

    assert set(found) == {"QUOTE", "PLACE_QUICK", "RECEIVE", "CLASSIFY", "DELIVER_QUICK"}
    assert {name: most for name, most in found.items() if most[0] > READ_MAX} == {}
