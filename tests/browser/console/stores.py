"""Stores for the pages of the console."""

from typing import Any

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import StoreDraft
from kacang.orders import operations as orders
from kacang.shared.clock import utc_now

LONG = "华东大区数字商品与提货卡联合旗舰店（苏州工业园区唯亭分店）"
PLACE = "江苏省苏州市工业园区唯亭街道葑亭大道 718 号永旺梦乐城一层 A 区 108-2"


def some_stores(merchant_id: int, numbers: list[str]) -> dict[str, dict[str, object]]:
    """An open store with long names in which two work and an order was bought, and a closed one."""
    who: dict[str, Any] = {"merchant_id": merchant_id, "actor": SYSTEM}
    closed = operations.open_store(draft=StoreDraft("南京路店", "nanjing-1"), **who)
    operations.close_store(uid=closed, now=utc_now(), **who)
    uid = operations.open_store(draft=StoreDraft(LONG, "weiting-flagship-1", PLACE), **who)
    people = [one.uid for one in queries.staff(merchant_id=merchant_id)][:2]
    operations.set_clerks(uid=uid, members=people, **who)
    orders.move_to_store(number=numbers[0], store_uid=uid, **who)
    return {"console_store": {"uid": uid}, "console_store_edit": {"uid": uid}}
