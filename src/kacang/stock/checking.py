"""The nightly check of what no constraint holds: every number of the stock against every other.

On hand = sum of movements (S1): the slots, the holds and what is owned must all say the same.
"""

from dataclasses import dataclass

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.merchants.tenancy import acting_as

_SUMS = """
    select m.sku_id, m.warehouse_id, v.state, sum(v.pieces) as pieces
    from goods_movement m cross join lateral
         (values (m.to_state, m.pieces), (m.from_state, -m.pieces)) as v(state, pieces)
    where m.merchant_id = %(merchant)s::bigint and v.state is not null
    group by 1, 2, 3 having sum(v.pieces) <> 0
"""
_CHECKS = {
    "slots that are not what movements say": """
        select count(*) from (
            select sku_id, warehouse_id, pieces from ({sums}) m where m.state = 0
        ) said
        full join (
            select sku_id, warehouse_id, sum(quantity) as pieces from goods_slot
            where merchant_id = %(merchant)s::bigint
            group by 1, 2 having sum(quantity) <> 0
        ) there on there.sku_id = said.sku_id and there.warehouse_id = said.warehouse_id
        where there.pieces is distinct from said.pieces
    """,
    "holds that are not what movements say": """
        select count(*) from (
            select sku_id, warehouse_id, state, pieces from ({sums}) m where m.state in (1, 2)
        ) said
        full join (
            select sku_id, warehouse_id, state, sum(pieces) as pieces from goods_hold
            where merchant_id = %(merchant)s::bigint and state in (1, 2) group by 1, 2, 3
        ) there on there.sku_id = said.sku_id and there.warehouse_id = said.warehouse_id
            and there.state = said.state
        where there.pieces is distinct from said.pieces
    """,
    "transfers that are not what movements say": """
        select count(*) from (
            select sku_id, warehouse_id, pieces from ({sums}) m where m.state = 3
        ) said
        full join (
            select sku_id, to_warehouse_id as warehouse_id, sum(pieces) as pieces from goods_entry
            where merchant_id = %(merchant)s::bigint and kind = 2 and arrived_at is null
            group by 1, 2
        ) there on there.sku_id = said.sku_id and there.warehouse_id = said.warehouse_id
        where there.pieces is distinct from said.pieces
    """,
    "goods owned that are not what movements say": """
        select count(*) from (
            select sku_id, sum(pieces) as pieces from ({sums}) m group by 1
            having sum(pieces) <> 0
        ) said
        full join (
            select sku_id, pieces from goods_worth
            where merchant_id = %(merchant)s::bigint and pieces <> 0
        ) there on there.sku_id = said.sku_id
        where there.pieces is distinct from said.pieces
    """,
    "goods whose cost is not what movements say": """
        select count(*) from (
            select sku_id, sum(case when to_state is null then -cost_minor else cost_minor end)
                as minor
            from goods_movement where merchant_id = %(merchant)s::bigint group by 1
        ) said
        full join (
            select sku_id, value_minor as minor from goods_worth
            where merchant_id = %(merchant)s::bigint
        ) there on there.sku_id = said.sku_id
        where coalesce(there.minor, 0) <> coalesce(said.minor, 0)
    """,
    "levels that are not what movements say": """
        select count(*) from ({sums}) said
        full join (
            select sku_id, warehouse_id, state, sum(pieces) as pieces from (
                select sku_id, warehouse_id, state, pieces from goods_level
                where merchant_id = %(merchant)s::bigint
                union all
                select m.sku_id, m.warehouse_id, v.state, v.pieces
                from goods_movement m cross join lateral
                     (values (m.to_state, m.pieces), (m.from_state, -m.pieces)) as v(state, pieces)
                where m.merchant_id = %(merchant)s::bigint and v.state is not null
                  and m.xid >= coalesce((select upto_xid from goods_mark
                      where merchant_id = %(merchant)s::bigint), 0)
            ) parts group by 1, 2, 3 having sum(pieces) <> 0
        ) there on there.sku_id = said.sku_id and there.warehouse_id = said.warehouse_id
            and there.state = said.state
        where there.pieces is distinct from said.pieces
    """,
    "holds without their warehouse": """
        select count(*) from goods_hold h where h.merchant_id = %(merchant)s::bigint
          and not exists (select from warehouse w
              where w.merchant_id = h.merchant_id and w.id = h.warehouse_id)
    """,
}
_SKUS = "select distinct sku_id from goods_hold where merchant_id = %(merchant)s::bigint"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be, and how often it is."""

    what: str
    count: int


def check_references(*, merchant_id: int) -> list[Finding]:
    """Return what is wrong with a merchant's goods; nothing, as a rule. Reads all: for the night.

    Each check is one statement, thus of one moment.
    """
    found: list[Finding] = []
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '15min'")
        for what, sql in _CHECKS.items():
            cursor.execute(sql.replace("{sums}", _SUMS), {"merchant": merchant_id})
            (count,) = cursor.fetchone()
            found.append(Finding(what, int(count)))
        cursor.execute(_SKUS, {"merchant": merchant_id})
        named = {row[0] for row in cursor.fetchall()}
        known = catalog.skus_by_id(merchant_id=merchant_id, ids=named)
        found.append(Finding("holds without their SKU", len(named - set(known))))
    return [finding for finding in found if finding.count]
