"""dujiaoka: tables goods, carmis, orders. What was delivered stands in the order's text."""

from kacang.orders.moving.plan import OldCard, OldLine, OldOrder, OldSku, Plan
from kacang.orders.moving.tables import Deliveries, Home, Record, Tables, keep
from kacang.orders.moving.values import amount, moment, plain, whole
from kacang.vault.queries import CardState

REMARK_MAX = 200
NAMES = ("goods", "carmis", "orders")
_STATES = {"1": CardState.AVAILABLE, "2": CardState.SOLD}
_UNPAID = ("1", "-1")
_DONE = "4"


def read(text: str, home: Home) -> Plan:
    """Read a dump."""
    plan = Plan()
    tables = Tables(text, NAMES, plan)
    loops = {row.get("goods_id") for row in tables["carmis"] if _is_loop(row)}
    for row in tables["goods"]:
        _read_goods(plan, row, loops, home)
    known = {sku.key for sku in plan.skus}
    for row in tables["carmis"]:
        _read_card(plan, row, known, home)
    texts = Deliveries(plan)
    for row in tables["orders"]:
        if row.get("status") in _UNPAID:
            plan.unpaid += 1
        elif row.get("status") != _DONE:
            plan.fault(row.fault("status", "order_open"))
        elif row.get("goods_id") not in known:
            plan.fault(row.fault("goods_id", "unknown_sku"))
        else:
            keep(plan, _order(plan, row, texts, home))
    return plan


def _is_loop(row: Record) -> bool:
    return row.get("is_loop") == "1" and not row.is_deleted


def _read_goods(plan: Plan, row: Record, loops: set[str], home: Home) -> None:
    price = amount(row.get("actual_price"), home.currency)
    if price is None:
        plan.fault(row.fault("actual_price", "bad_amount"))
        return
    title = plain(row.get("gd_name"))
    text = plain(row.get("description")) or plain(row.get("gd_description"))
    plan.skus.append(
        OldSku(row.line, row.key, row.key, title, title, text, price, 0, row.key in loops)
    )


def _read_card(plan: Plan, row: Record, known: set[str], home: Home) -> None:
    state = _STATES.get(row.get("status"))
    if row.is_deleted and state == CardState.AVAILABLE:
        return
    if state is None:
        plan.fault(row.fault("status", "unknown_state"))
    elif row.get("goods_id") not in known:
        plan.fault(row.fault("goods_id", "unknown_sku"))
    else:
        sold = moment(row.get("updated_at"), home.zone) if state == CardState.SOLD else None
        key = f"loop:{row.key}" if _is_loop(row) else row.key
        state = CardState.AVAILABLE if _is_loop(row) else state
        plan.cards.append(
            OldCard(
                row.line,
                key,
                row.get("goods_id"),
                row.get("carmi"),
                state=state,
                remark=row.get("info")[:REMARK_MAX],
                sold_at=sold,
            )
        )


def _order(plan: Plan, row: Record, texts: Deliveries, home: Home) -> OldOrder | None:
    paid = amount(row.get("actual_price"), home.currency)
    created = moment(row.get("created_at"), home.zone)
    if paid is None or created is None:
        column, reason = (
            ("actual_price", "bad_amount") if paid is None else ("created_at", "bad_time")
        )
        plan.fault(row.fault(column, reason))
        return None
    sku, quantity = row.get("goods_id"), whole(row.get("buy_amount")) or 0
    # Orders that a person fulfils show the buyer's answers in the same column: those are no codes.
    cards = texts.of_text(row, sku, row.get("info"), quantity) if row.get("type") == "1" else ()
    unit = amount(row.get("goods_price"), home.currency) or 0
    return OldOrder(
        row.line,
        row.key,
        row.get("order_sn"),
        (OldLine(sku, quantity, paid, unit, cards),),
        created,
        moment(row.get("updated_at"), home.zone) or created,
        row.get("email"),
        row.get("search_pwd"),
        row.get("buy_ip"),
    )
