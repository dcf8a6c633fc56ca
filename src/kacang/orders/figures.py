"""Figures of the day for the dashboard, each a sum of rows that can be listed.

Counted from the orders themselves, over the index of recent ones: the cost depends on the
period, not on history (L19). Orders that came over from another system are no sales of ours (V7),
nor is money that customers pay into their wallets (F3).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from kacang.merchants.tenancy import acting_as
from kacang.orders.statements import rows
from kacang.shared.money import Money
from kacang.shared.texts import Text

DAY = """
select count(*)::int, coalesce(sum(payable_minor), 0)::bigint,
       count(*) filter (where state in (4, 5))::int
from sale_order
where merchant_id = %(merchant)s::bigint and paid_at >= %(since)s::timestamptz
  and paid_at < %(until)s::timestamptz and channel not in ('moved', 'redeem', 'deposit')
"""
HOURS = """
select date_trunc('hour', paid_at, %(zone)s::text), count(*)::int, sum(payable_minor)::bigint
from sale_order
where merchant_id = %(merchant)s::bigint and paid_at >= %(since)s::timestamptz
  and paid_at < %(until)s::timestamptz and channel not in ('moved', 'redeem', 'deposit')
group by 1 order by 1
"""
BEST = """
select s.uid, max(l.title::text), max(l.sku_title::text), max(l.cover), sum(l.quantity)::int,
       sum(l.unit_price_minor * l.quantity - l.discount_minor)::bigint, max(o.currency)
from sale_order o
join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id
join sku s on s.merchant_id = o.merchant_id and s.id = l.sku_id
where o.merchant_id = %(merchant)s::bigint and o.paid_at >= %(since)s::timestamptz
  and o.paid_at < %(until)s::timestamptz and o.channel not in ('moved', 'redeem', 'deposit')
group by s.uid order by 6 desc, s.uid limit %(most)s::int
"""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What a period sold, by the time of payment. `paid_minor` is in the book currency."""

    orders: int
    paid_minor: int
    delivered: int


@dataclass(frozen=True, slots=True)
class HourFigures:
    """What one hour sold."""

    hour: datetime
    orders: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Seller:
    """What one SKU sold in a period."""

    sku_uid: str
    title: Text
    sku_title: Text
    cover: str
    units: int
    amount: Money


def day_figures(*, merchant_id: int, since: datetime, until: datetime) -> DayFigures:
    """Sum up the orders that were paid in a period."""
    asked = {"merchant": merchant_id, "since": since, "until": until}
    with acting_as(merchant_id):
        ((orders, paid, delivered),) = rows(DAY, asked)
    return DayFigures(orders, paid, delivered)


def by_hour(*, merchant_id: int, since: datetime, until: datetime, zone: str) -> list[HourFigures]:
    """Sum up by hour of the merchant's clock; hours without a sale are left out."""
    asked = {"merchant": merchant_id, "since": since, "until": until, "zone": zone}
    with acting_as(merchant_id):
        return [HourFigures(*row) for row in rows(HOURS, asked)]


def best_sellers(
    *, merchant_id: int, since: datetime, until: datetime, most: int = 5
) -> list[Seller]:
    """Return the SKUs that sold for most in a period."""
    asked = {"merchant": merchant_id, "since": since, "until": until, "most": most}
    with acting_as(merchant_id):
        found = rows(BEST, asked)
    return [
        Seller(uid, json.loads(title), json.loads(sku_title), cover, units, Money(minor, currency))
        for uid, title, sku_title, cover, units, minor, currency in found
    ]
