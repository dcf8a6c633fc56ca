"""What a sale of goods asks of the stock looks rows up by index, however long the history (16)."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.stock import holding, slots

HISTORY = 3000
READ_MAX = 100
FILL = """
with moved as (
    insert into goods_movement (merchant_id, sku_id, warehouse_id, from_state, to_state, pieces,
                                line_id)
    select merchant_id, sku_id, warehouse_id, 2, null, 1, line_id
    from goods_hold, generate_series(1, %(most)s::int) where merchant_id = %(merchant)s::bigint
)
insert into goods_hold (merchant_id, line_id, sku_id, warehouse_id, pieces, state)
select merchant_id, line_id, sku_id, warehouse_id, 1, 4
from goods_hold, generate_series(1, %(most)s::int) where merchant_id = %(merchant)s::bigint
"""


def read(plan: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """How many rows each part of a plan looked at, and what it is."""
    removed = sum(plan.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    seen = (plan.get("Actual Rows", 0) + removed) * plan.get("Actual Loops", 1)
    yield seen, f"{plan['Node Type']} {plan.get('Index Name', plan.get('Relation Name', ''))}"
    for part in plan.get("Plans", ()):
        yield from read(part)


@pytest.mark.parametrize("is_analysed", [False, True])
def test_a_sale_reads_no_history(merchant, make, database, is_analysed):
    sku, other = make.goods(), make.goods()
    for one in (sku, other):
        make.received(one, 4000)
    old = make.reserved(other, 1)
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(FILL, {"merchant": merchant, "most": HISTORY})
        cursor.execute("select pg_current_xact_id()::text::bigint")
        (xid,) = cursor.fetchone()
        mark = "insert into goods_mark values (%s::bigint, %s::bigint)"
        cursor.execute(mark, [merchant, xid + 1])
    if is_analysed:
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            owner.execute("analyze goods_slot; analyze goods_hold; analyze goods_movement")
    line = make.reserved(sku, 2)
    assert old is not None
    ids = [make.id_of(sku)]
    values = {"merchant": merchant, "sku": ids, "shift": 0.0, "most": 100}
    step = {"line": [line], "from": 1, "to": 2, "was": 1, "is": 2}
    asked = {
        "quick": (slots._QUICK, {**values, "wanted": [1]}),
        "step": (holding._STEP, {**values, **step}),
        "overdue": (holding._OVERDUE, values),
    }

    found = {}
    for name, (text, given) in asked.items():
        with acting_as(merchant, hot=True), connection.cursor() as cursor:
            cursor.execute("explain (analyze, timing off, format json) " + text, given)
            (plan,) = cursor.fetchone()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        found[name] = max(read(plan[0]["Plan"]))

    assert {name: most for name, most in found.items() if most[0] > READ_MAX} == {}
