"""What other tables say of orders: what they sell, how they were paid, whose they are (O2).

Names of the filter become ids here; a name that nobody has finds nothing.
"""

from collections.abc import Mapping
from typing import Any

from kacang.catalog import queries as catalog
from kacang.catalog.queries import UnknownProduct
from kacang.merchants import queries as merchants
from kacang.merchants.queries import UnknownStore
from kacang.orders import sql
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.list_models import Tag
from kacang.orders.statements import rows

# The orders of so few customers are read customer by customer and merged. A level with more is
# usual enough for its orders to be met soon by walking.
LEVEL_FEW = 500
_SELLS = """exists (
    select from order_line e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id
      and e.sku_id = any(%(skus)s::bigint[]))"""
_TAGGED = """exists (
    select from order_tag e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id
      and e.tag_id = %(tag_id)s::bigint)"""
_BY_RULE = """exists (
    select from review_hit e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id
      and e.rule_id = %(rule_id)s::bigint)"""
# `offset 0`: asked of each order as it is read, never of all marks at once, which would be sorted.
_MISSED = """exists (
    select from deadline_mark e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id
      and e.breached_at is not null offset 0)"""
_OF_CUSTOMERS = """exists (
    select from order_customer e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id
      and e.customer_id = any(%(customers)s::bigint[]))"""
_EXTERNAL = (
    "o.api_key_id = any(%(keys)s::bigint[]) and o.external_number = %(external_number)s::text"
)
_OF_STORE = "o.store_id = any(%(stores)s::bigint[])"
_API_KEY = "o.api_key_id = %(api_key_id)s::bigint and o.api_key_id <> 0"

# A condition on an order `o`, and the values that it compares with.
Related = tuple[str, dict[str, Any]]


def related(merchant_id: int, where: OrderFilter) -> Mapping[str, Related]:
    """Return by name what a filter asks of other tables. Must run within `acting_as`."""
    found: dict[str, Related] = {}
    if where.sku or where.product:
        found["skus"] = _SELLS, {"skus": _sku_ids(merchant_id, where)}
    if where.provider or where.account:
        found["accounts"] = sql.PAID_THROUGH, {"accounts": _account_ids(merchant_id, where)}
    found |= _marked(merchant_id, where)
    if where.customer:
        asked = {"merchant": merchant_id, "customer": where.customer}
        found["customers"] = _OF_CUSTOMERS, {"customers": _ids(sql.CUSTOMER_OF, asked) or [0]}
    if where.level:
        found["level"] = sql.OF_LEVEL, _of_level(merchant_id, where.level)
    if where.api_key:
        keys = key_ids(merchant_id, where.api_key)
        found["api_key"] = _API_KEY, {"api_key_id": next(iter(keys), -1)}
    if where.store:
        found["store"] = _OF_STORE, {"stores": [_store_id(merchant_id, where.store)]}
    if where.external_number:
        keys = [0, *key_ids(merchant_id)]
        found["external"] = _EXTERNAL, {"external_number": where.external_number, "keys": keys}
    return found


def _marked(merchant_id: int, where: OrderFilter) -> Mapping[str, Related]:
    """Return what marks orders: a tag, a rule that had a part in them, a missed deadline."""
    found: dict[str, Related] = {}
    if where.tag:
        tag = Tag.objects.filter(merchant_id=merchant_id, uid=where.tag).values_list("id").first()
        found["tag"] = _TAGGED, {"tag_id": tag[0] if tag else 0}
    if where.rule:
        named = {"merchant": merchant_id, "uid": where.rule}
        found["rule"] = _BY_RULE, {"rule_id": next(iter(_ids(sql.RULE_OF, named)), 0)}
    if where.missed_deadline is not None:
        found["missed"] = (_MISSED if where.missed_deadline else f"not {_MISSED}"), {}
    return found


def _ids(text: str, asked: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in rows(text, asked)]


def key_ids(merchant_id: int, uid: str = "") -> list[int]:
    """Return the ids of a merchant's API keys, past ones too, or of the one of a uid."""
    return _ids(sql.KEYS_OF, {"merchant": merchant_id, "uid": uid})


def _store_id(merchant_id: int, uid: str) -> int:
    try:
        return merchants.store(merchant_id=merchant_id, uid=uid).id
    except UnknownStore:
        return 0


def _account_ids(merchant_id: int, where: OrderFilter) -> list[int]:
    asked = {"merchant": merchant_id, "provider": where.provider, "account": where.account}
    return _ids(sql.ACCOUNTS_OF, asked)


def _of_level(merchant_id: int, uid: str) -> dict[str, Any]:
    asked = {"merchant": merchant_id, "level": uid}
    level_id = next(iter(_ids(sql.LEVEL_OF, asked)), 0)
    few = {"merchant": merchant_id, "level_id": level_id, "limit": LEVEL_FEW + 1}
    customers = _ids(sql.CUSTOMERS_OF_LEVEL, few)
    given: dict[str, Any] = {"level_id": level_id}
    return given if len(customers) > LEVEL_FEW else {**given, "level_customers": customers}


def _sku_ids(merchant_id: int, where: OrderFilter) -> list[int]:
    if where.sku:
        found = catalog.skus_by_uid(merchant_id=merchant_id, uids=[where.sku]).values()
        return [sku.id for sku in found]
    try:
        product = catalog.product(merchant_id=merchant_id, uid=where.product)
    except UnknownProduct:
        return []
    return [sku.id for sku in product.skus]
