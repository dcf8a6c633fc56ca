"""The nightly check of what no constraint holds: what orders and money name, and sums (rule 18).

Hot rows have no foreign keys to rows that all share, such as SKUs and accounts: their statements
join by merchant. Here it is proved that they did.
"""

from dataclasses import dataclass

from django.db import connection

from kacang.merchants.tenancy import acting_as

_ACCOUNT = """
    select count(*) from {table} t where t.merchant_id = %(merchant)s::bigint and not exists (
        select from account a where a.merchant_id = t.merchant_id and a.id = t.account_id)
"""
_CHECKS = {
    "lines without their SKU": """
        select count(*) from order_line l where l.merchant_id = %(merchant)s::bigint
          and not exists (select from sku s where s.merchant_id = l.merchant_id and s.id = l.sku_id)
    """,
    "orders without their store": """
        select count(*) from sale_order o where o.merchant_id = %(merchant)s::bigint
          and o.store_id is not null and not exists (
              select from store s where s.merchant_id = o.merchant_id and s.id = o.store_id)
    """,
    "payments without their account": _ACCOUNT.replace("{table}", "payment"),
    "receipts without their account": _ACCOUNT.replace("{table}", "receipt"),
    "notices without their account": _ACCOUNT.replace("{table}", "notice"),
    "orders whose total is not that of their lines": """
        select count(*) from sale_order o where o.merchant_id = %(merchant)s::bigint
          and o.total_minor <> (
              select coalesce(sum(l.quantity * l.unit_price_minor - l.discount_minor), 0)
              from order_line l where l.merchant_id = o.merchant_id and l.order_id = o.id)
    """,
    "lines that have not as many units as were ordered": """
        select count(*) from order_line l where l.merchant_id = %(merchant)s::bigint
          and l.quantity <> (
              select count(*) from order_unit u
              where u.merchant_id = l.merchant_id and u.line_id = l.id)
    """,
    "delivered units that hold no card": """
        select count(*) from order_unit u where u.merchant_id = %(merchant)s::bigint
          and u.state = 2 and not exists (
              select from order_line l
              where l.merchant_id = u.merchant_id and l.id = u.line_id and l.stock_mode in (2, 3))
          and not exists (
              select from allocation a
              where a.merchant_id = u.merchant_id and a.line_id = u.line_id
                and a.unit_no = u.unit_no and a.released_at is null and a.delivered_at is not null)
    """,
    "lines of goods that hold other pieces than they say": """
        select count(*) from order_line l
        cross join lateral (
            select count(*) filter (where u.state = 4) as owed,
                   count(*) filter (where u.state in (2, 6)) as gone
            from order_unit u where u.merchant_id = l.merchant_id and u.line_id = l.id
        ) said
        cross join lateral (
            select coalesce(sum(h.pieces) filter (where h.state = 2), 0) as owed,
                   coalesce(sum(h.pieces) filter (where h.state = 4), 0) as gone
            from goods_hold h where h.merchant_id = l.merchant_id and h.line_id = l.id
        ) held
        where l.merchant_id = %(merchant)s::bigint and l.stock_mode = 2
          and (said.owed, said.gone) is distinct from (held.owed, held.gone)
    """,
    "units on their way that lie in no parcel": """
        select count(*) from order_unit u where u.merchant_id = %(merchant)s::bigint
          and u.state = 6 and not exists (
              select from shipment_unit s
              where s.merchant_id = u.merchant_id and s.line_id = u.line_id
                and s.unit_no = u.unit_no and not s.is_void)
    """,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be, and how often it is."""

    what: str
    count: int


def check_references(*, merchant_id: int) -> list[Finding]:
    """Return what is wrong with a merchant's orders and money; nothing, as a rule.

    Reads every order once: for the night.
    """
    found: list[Finding] = []
    with acting_as(merchant_id), connection.cursor() as cursor:
        # Many orders take longer than a page may.
        cursor.execute("set local statement_timeout = '15min'")
        for what, sql in _CHECKS.items():
            cursor.execute(sql, {"merchant": merchant_id})
            (count,) = cursor.fetchone()
            found.append(Finding(what, int(count)))
    return [finding for finding in found if finding.count]
