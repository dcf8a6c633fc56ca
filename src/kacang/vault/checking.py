"""The nightly check of what no constraint holds: hot rows and the rows that they name (rule 18)."""

from dataclasses import dataclass

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.ledger.earned import DEFERRED
from kacang.merchants.tenancy import acting_as

_CHECKS = {
    "cards without their batch": """
        select count(*) from card c where c.merchant_id = %(merchant)s::bigint and not exists (
            select from batch b where b.merchant_id = c.merchant_id and b.id = c.batch_id
                and b.sku_id = c.sku_id)
    """,
    "movements without their batch": """
        select count(*) from card_movement m where m.merchant_id = %(merchant)s::bigint
          and not exists (select from batch b where b.merchant_id = m.merchant_id
              and b.id = m.batch_id and b.sku_id = m.sku_id)
    """,
    "levels that are not the cards": """
        select count(*) from (
            select sku_id, pool_id, batch_id, state, sum(cards) as cards from (
                select sku_id, pool_id, batch_id, state, cards from card_level
                where merchant_id = %(merchant)s::bigint
                union all
                select m.sku_id, m.pool_id, m.batch_id, v.state, v.cards
                from card_movement m cross join lateral
                     (values (m.to_state, m.cards), (m.from_state, -m.cards)) as v(state, cards)
                where m.merchant_id = %(merchant)s::bigint and v.state is not null
                  and m.xid >= coalesce((select upto_xid from level_mark
                      where merchant_id = %(merchant)s::bigint), 0)
            ) parts group by sku_id, pool_id, batch_id, state having sum(cards) <> 0
        ) said
        full join (
            select c.sku_id, c.pool_id, c.batch_id, c.state, count(*) as cards from card c
            where c.merchant_id = %(merchant)s::bigint and octet_length(c.secret) > 0
            group by c.sku_id, c.pool_id, c.batch_id, c.state
        ) there on there.sku_id = said.sku_id and there.pool_id = said.pool_id
            and there.batch_id = said.batch_id and there.state = said.state
        where there.cards is distinct from said.cards
    """,
    "cards in a pool that is not there": """
        select count(*) from card c where c.merchant_id = %(merchant)s::bigint and c.pool_id <> 0
          and not exists (select from pool p
              where p.merchant_id = c.merchant_id and p.id = c.pool_id)
    """,
    "batches that do not count their cards": """
        select count(*) from batch b left join (
            select batch_id, count(*) as cards from card
            where merchant_id = %(merchant)s::bigint and octet_length(secret) > 0
            group by batch_id
        ) c on c.batch_id = b.id
        where b.merchant_id = %(merchant)s::bigint and b.state in (1, 4)
          and b.card_count <> coalesce(c.cards, 0)
    """,
    "cards that are owed though nobody has them": """
        select count(*) from card c where c.merchant_id = %(merchant)s::bigint
          and c.owed_minor is not null and (c.state not in (2, 3, 7) or c.line_id is null)
    """,
    "deferred revenue that is not what cards are owed": f"""
        select count(*) from ({DEFERRED}) d where d.minor <> (
            select coalesce(sum(owed_minor), 0) from card
            where merchant_id = %(merchant)s::bigint and owed_minor is not null)
    """,  # noqa: S608 - our own text
    "exclusive allocations of a card that is nobody's": """
        select count(*) from allocation a join card c
            on c.merchant_id = a.merchant_id and c.id = a.card_id
        where a.merchant_id = %(merchant)s::bigint and a.exclusive and a.released_at is null
          and c.line_id is distinct from a.line_id
    """,
}
_SKUS = "select distinct sku_id from batch where merchant_id = %(merchant)s::bigint"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be, and how often it is."""

    what: str
    count: int


def check_references(*, merchant_id: int) -> list[Finding]:
    """Return what is wrong with a merchant's cards; nothing, as a rule.

    Reads every card once, in one snapshot for each check: for the night.
    """
    found: list[Finding] = []
    with acting_as(merchant_id), connection.cursor() as cursor:
        # A large vault takes longer than a page may.
        cursor.execute("set local statement_timeout = '15min'")
        for what, sql in _CHECKS.items():
            cursor.execute(sql, {"merchant": merchant_id})
            (count,) = cursor.fetchone()
            found.append(Finding(what, int(count)))
        cursor.execute(_SKUS, {"merchant": merchant_id})
        named = {row[0] for row in cursor.fetchall()}
        known = catalog.skus_by_id(merchant_id=merchant_id, ids=named)
        found.append(Finding("batches without their SKU", len(named - set(known))))
    return [finding for finding in found if finding.count]
