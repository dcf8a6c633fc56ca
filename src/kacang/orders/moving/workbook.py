"""The documented workbook (.xlsx): sheets products, cards, orders. For any other system."""

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from kacang.orders.moving.dumps import BadDump
from kacang.orders.moving.plan import OldCard, OldLine, OldOrder, OldSku, Plan
from kacang.orders.moving.tables import Home, Record, has_nul, keep
from kacang.orders.moving.values import amount, moment, whole
from kacang.vault.operations import look_inside
from kacang.vault.queries import CardState

SHEETS = {"products": "商品", "cards": "卡密", "orders": "订单"}
HEADINGS = {
    "编号": "id", "商品编号": "product", "规格编号": "sku", "名称": "title", "规格": "sku_title",
    "说明": "description", "价格": "price", "成本": "cost", "卡号": "number", "卡密": "secret",
    "状态": "state", "订单编号": "order", "到期": "expires", "备注": "remark",
    "售出时间": "sold_at",
    "订单号": "order_number", "数量": "quantity", "实付": "paid", "邮箱或手机": "contact",
    "查询密码": "password", "下单时间": "created_at", "付款时间": "paid_at",
}  # fmt: skip
_STATES = {
    "": CardState.AVAILABLE, "unsold": CardState.AVAILABLE, "未售": CardState.AVAILABLE,
    "sold": CardState.SOLD, "已售": CardState.SOLD,
    "frozen": CardState.FROZEN, "冻结": CardState.FROZEN,
    "void": CardState.VOID, "作废": CardState.VOID,
}  # fmt: skip
# Excel keeps 15 digits of a number; what was typed beyond them is gone.
_EXACT_MAX = 10**15


def read(body: bytes, home: Home) -> Plan:
    """Read a workbook.

    Raises:
        BadFile: It is no workbook, or a trap.
        BadDump: None of the sheets is in it.
    """
    look_inside(body)
    plan = Plan()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    except (CalamineError, OSError, ValueError):
        raise BadDump(problem="not_xlsx", line=0) from None
    names = {name.strip().lower(): name for name in book.sheet_names}
    found = {sheet: names.get(sheet) or names.get(chinese) for sheet, chinese in SHEETS.items()}
    if not any(found.values()):
        raise BadDump(problem="no_tables", line=0)
    rows = {
        sheet: list(_records(plan, sheet, book.get_sheet_by_name(name).to_python())) if name else []
        for sheet, name in found.items()
    }
    for row in rows["products"]:
        _read_sku(plan, row, home)
    known = {sku.key for sku in plan.skus}
    delivered: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows["cards"]:
        card = _read_card(plan, row, known, home)
        if card and card.state == CardState.SOLD and row.get("order"):
            delivered[row.get("order"), card.sku].append(card.key)
    for row in rows["orders"]:
        keep(plan, _read_order(plan, row, known, delivered, home))
    return plan


def _records(plan: Plan, sheet: str, cells: Sequence[Sequence[object]]) -> Iterator[Record]:
    if not cells:
        return
    heads = [str(cell).strip() for cell in cells[0]]
    columns = [HEADINGS.get(head, head.lower()) for head in heads]
    for line, values in enumerate(cells[1:], start=2):
        texts = {name: _text(value) for name, value in zip(columns, values, strict=False)}
        record = Record(sheet, line, texts)
        broken = [name for name, text in texts.items() if text is None]
        unfit = [name for name, text in texts.items() if has_nul(text)]
        if broken:
            plan.fault(record.fault(broken[0], "precision"))
        elif unfit:
            plan.fault(record.fault(unfit[0], "control_character"))
        elif not any(texts.values()):
            continue
        elif not record.key:
            plan.fault(record.fault("id", "missing_id"))
        else:
            yield record


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if abs(value) >= _EXACT_MAX:
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day).isoformat()  # noqa: DTZ001 - local
    return str(value)


def _read_sku(plan: Plan, row: Record, home: Home) -> None:
    price, cost = amount(row.get("price"), home.currency), amount(row.get("cost"), home.currency)
    if price is None or cost is None:
        plan.fault(row.fault("price" if price is None else "cost", "bad_amount"))
        return
    title = row.get("title").strip()
    plan.skus.append(
        OldSku(
            line=row.line,
            key=row.key,
            product=row.get("product") or row.key,
            title=title,
            sku_title=row.get("sku_title") or title,
            description=row.get("description"),
            price_minor=price,
            cost_minor=cost,
        )
    )


def _read_card(plan: Plan, row: Record, known: set[str], home: Home) -> OldCard | None:
    state = _STATES.get(row.get("state").strip().lower())
    expires = moment(row.get("expires"), home.zone)
    problem = ""
    if state is None:
        problem = "state:unknown_state"
    elif row.get("sku") not in known:
        problem = "sku:unknown_sku"
    elif row.get("expires") and expires is None:
        problem = "expires:bad_time"
    if problem or state is None:
        column, _, reason = problem.partition(":")
        plan.fault(row.fault(column, reason))
        return None
    card = OldCard(
        row.line,
        row.key,
        row.get("sku"),
        row.get("secret"),
        row.get("number") or None,
        state,
        row.get("remark"),
        expires,
        moment(row.get("sold_at"), home.zone),
    )
    plan.cards.append(card)
    return card


def _read_order(
    plan: Plan,
    row: Record,
    known: set[str],
    delivered: dict[tuple[str, str], list[str]],
    home: Home,
) -> OldOrder | None:
    paid, created = amount(row.get("paid"), home.currency), moment(row.get("created_at"), home.zone)
    if row.get("sku") not in known:
        plan.fault(row.fault("sku", "unknown_sku"))
    elif paid is None:
        plan.fault(row.fault("paid", "bad_amount"))
    elif created is None:
        plan.fault(row.fault("created_at", "bad_time"))
    else:
        cards = tuple(delivered[row.key, row.get("sku")])
        quantity = whole(row.get("quantity") or "1") or 0
        return OldOrder(
            row.line,
            row.key,
            row.get("order_number") or row.key,
            (OldLine(row.get("sku"), quantity, paid, 0, cards),),
            created,
            moment(row.get("paid_at"), home.zone) or created,
            row.get("contact"),
            row.get("password"),
        )
    return None
