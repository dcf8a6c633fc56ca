"""acg-faka: tables commodity, card, order, under a prefix (`acg_`)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kacang.orders.moving.plan import OldCard, OldLine, OldOrder, OldSku, Plan
from kacang.orders.moving.tables import Deliveries, Home, Record, Tables, keep
from kacang.orders.moving.values import amount, moment, plain, whole
from kacang.vault.queries import CardState

REMARK_MAX = 200
NAMES = ("commodity", "card", "order", "user")
# 2 is "locked": kept from sale there, and here until somebody puts it back.
_STATES = {"0": CardState.AVAILABLE, "1": CardState.SOLD, "2": CardState.FROZEN}


def read(text: str, home: Home) -> Plan:
    """Read a dump."""
    plan = Plan()
    tables = Tables(text, NAMES, plan, prefixed=True)
    goods = {row.key: row for row in tables["commodity"]}
    races: dict[str, set[str]] = defaultdict(set)
    for row in [*tables["card"], *tables["order"]]:
        races[row.get("commodity_id")].add(row.get("race"))
    for row in goods.values():
        _read_goods(plan, row, races[row.key], home)
    known = {sku.key for sku in plan.skus}
    delivered: dict[str, list[str]] = defaultdict(list)
    for row in tables["card"]:
        _read_card(plan, row, known, home)
        if row.get("order_id") not in ("", "0") and row.get("status") == "1":
            delivered[row.get("order_id")].append(row.key)
    _read_orders(plan, tables, known, delivered, home)
    return plan


def _read_orders(
    plan: Plan,
    tables: Tables,
    known: set[str],
    delivered: Mapping[str, Sequence[str]],
    home: Home,
) -> None:
    people = {row.key: row.get("email") or row.get("phone") for row in tables["user"]}
    texts = Deliveries(plan)
    for row in tables["order"]:
        sku = _sku_key(row)
        if row.get("status") != "1":
            plan.unpaid += 1
        elif row.get("delivery_status") != "1":
            plan.fault(row.fault("delivery_status", "order_open"))
        elif sku not in known:
            plan.fault(row.fault("commodity_id", "unknown_sku"))
        else:
            quantity = whole(row.get("card_num")) or 0
            cards = tuple(delivered.get(row.key, ())) or texts.of_text(
                row, sku, row.get("secret"), quantity
            )
            contact = row.get("contact") or people.get(row.get("owner"), "")
            keep(plan, _order(plan, row, OldLine(sku, quantity, 0, 0, cards), contact, home))


def _sku_key(row: Record) -> str:
    race = row.get("race")
    key = row.get("commodity_id")
    return f"{key}:{race}" if race else key


def _read_goods(plan: Plan, row: Record, races: set[str], home: Home) -> None:
    prices = _race_prices(row.get("config"))
    price = amount(row.get("price"), home.currency)
    cost = amount(row.get("factory_price"), home.currency)
    if price is None or cost is None:
        plan.fault(row.fault("price" if price is None else "factory_price", "bad_amount"))
        return
    for race in sorted({*races, *prices} or {""}):
        own = amount(prices.get(race, row.get("price")), home.currency)
        plan.skus.append(
            OldSku(
                line=row.line,
                key=f"{row.key}:{race}" if race else row.key,
                product=row.key,
                title=plain(row.get("name")),
                sku_title=race or plain(row.get("name")),
                description=plain(row.get("description")),
                price_minor=price if own is None else own,
                cost_minor=cost,
            )
        )


def _race_prices(config: str) -> dict[str, str]:
    """Read the kinds of a product with their prices: lines `kind=price` under `[category]`."""
    prices: dict[str, str] = {}
    section = ""
    for line in map(str.strip, config.splitlines()):
        if line.startswith("["):
            section = line.strip("[]").strip().lower()
        elif section == "category" and "=" in line:
            name, _, price = line.partition("=")
            prices[name.strip()] = price.strip()
    return prices


def _read_card(plan: Plan, row: Record, known: set[str], home: Home) -> None:
    state = _STATES.get(row.get("status"))
    if state is None:
        plan.fault(row.fault("status", "unknown_state"))
    elif _sku_key(row) not in known:
        plan.fault(row.fault("commodity_id", "unknown_sku"))
    else:
        plan.cards.append(
            OldCard(
                row.line,
                row.key,
                _sku_key(row),
                row.get("secret"),
                state=state,
                remark=(row.get("note") or row.get("draft"))[:REMARK_MAX],
                sold_at=moment(row.get("purchase_time"), home.zone),
            )
        )


def _order(plan: Plan, row: Record, line: OldLine, contact: str, home: Home) -> OldOrder | None:
    paid = amount(row.get("amount"), home.currency)
    created = moment(row.get("create_time"), home.zone)
    if paid is None or created is None:
        column, reason = ("amount", "bad_amount") if paid is None else ("create_time", "bad_time")
        plan.fault(row.fault(column, reason))
        return None
    return OldOrder(
        row.line,
        row.key,
        row.get("trade_no"),
        (OldLine(line.sku, line.quantity, paid, 0, line.cards),),
        created,
        moment(row.get("pay_time"), home.zone) or created,
        contact,
        row.get("password"),
        row.get("create_ip"),
    )
