"""How fast a list of 10,000 tracking numbers is sent, and what the desk notices of it (L2).

Paid orders of goods are placed through the shop's own operation; the list is looked at and sent
by a worker, as somebody at the desk would have it. Meanwhile another person asks for the list of
orders again and again: the slowest hundredth is set beside that of an idle minute before.

    python -m bench.shipping [--json] [--quick] [--orders N]
"""

import argparse
import itertools
import sys
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from bench import report
from bench.installation import Installation, installation
from bench.jobs import JobDone, follow_job
from bench.load import percentile
from bench.pages import Beside, Looking, at_the_desk, look
from bench.report import Aim
from bench.stock import Shop, open_shop
from kacang.catalog import operations as catalog
from kacang.catalog.operations import ProductDraft, ProductKind, ProductState, SkuDraft, StockMode
from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.batches import operations as batches
from kacang.orders.batches.operations import CheckRequest
from kacang.orders.types import Item, PlacedOrder, PlaceRequest
from kacang.outbox import files
from kacang.shared.contacts import Contact
from kacang.shared.texts import both
from kacang.stock import operations as stock
from kacang.stock.operations import Purchase, Wish

ORDERS = 10_000
SECONDS_MOST = 60.0
TIMES_MOST = 2.0
LOOKS = 200
LIST = "/console/orders/"
AT_ONCE = 100


@dataclass(frozen=True)
class Found:
    """What was measured."""

    orders: int
    checked_seconds: float
    sent_seconds: float
    sent: int
    desk_idle_p99_ms: float
    desk_busy_p99_ms: float
    worker_megabytes: float


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when every order was sent."""
    parser = argparse.ArgumentParser(prog="shipping", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--orders", type=int)
    asked = parser.parse_args(words)
    count = asked.orders or (200 if asked.quick else ORDERS)
    with installation() as made:
        made.run("-m", "django", "collectstatic", "--noinput", "--verbosity=0")
        shop = open_shop()
        report.say(f"{count:,} paid orders of goods")
        numbers = _paid(shop, count)
        made.start("worker", "--queue", "bulk")
        made.settle_down()
        found = _measure(made, shop, numbers, looks=10 if asked.quick else LOOKS)
    return _tell(found, as_json=asked.json)


def _paid(shop: Shop, count: int) -> list[str]:
    """Place orders that cost nothing: they are paid, and their goods owed, at once."""
    who: dict[str, Any] = {"merchant_id": shop.merchant_id, "actor": SYSTEM}
    product = catalog.create_product(
        **who, draft=ProductDraft(title=both("坚果礼盒", "Nuts"), kind=ProductKind.GOODS)
    )
    sku = catalog.create_sku(
        **who,
        product_uid=product,
        draft=SkuDraft(title=both("一箱", "Box"), price_minor=0, stock_mode=StockMode.GOODS),
    )
    catalog.set_product_state(**who, uid=product, state=ProductState.ON_SALE)
    stock.receive(
        **who,
        wish=Wish(sku, count, "bench"),
        purchase=Purchase(unit_cost_minor=700),
    )
    numbers: list[str] = []
    for start in range(0, count, AT_ONCE):
        wishes = [
            PlaceRequest(items=(Item(sku, 1),), contact=Contact(f"b{start + at}@example.com"))
            for at in range(min(AT_ONCE, count - start))
        ]
        placed = orders.place_orders(merchant_id=shop.merchant_id, requests=wishes)
        numbers += [one.number for one in placed if isinstance(one, PlacedOrder)]
    assert len(numbers) == count
    return numbers


def _measure(made: Installation, shop: Shop, numbers: list[str], *, looks: int) -> Found:
    tracking = itertools.count(1)
    body = "".join(f"{number},sf,SF9{next(tracking):013}\n" for number in numbers).encode()
    file_uid = files.store(
        merchant_id=shop.merchant_id, purpose="ship", name="list.csv", content=body
    )
    with at_the_desk(made, shop) as window:
        idle = [look(window, LIST) for _ in range(looks)]
        check = ""

        def start_check(_: object) -> str:
            nonlocal check
            check = batches.check_shipping(
                merchant_id=shop.merchant_id, actor=SYSTEM, request=CheckRequest(file_uid)
            )
            return check

        checked = follow_job(made, shop, start_check, count="good")
        sent, busy = _send(made, shop, check, window)
    beside = Beside(idle, busy)
    return Found(
        len(numbers),
        checked.seconds,
        sent.seconds,
        sent.done,
        percentile(beside.idle, 0.99),
        percentile(beside.busy, 0.99),
        sent.worker_megabytes,
    )


def _send(
    made: Installation, shop: Shop, check: str, window: httpx.Client
) -> tuple[JobDone, list[float]]:
    def start(_: object) -> str:
        return batches.ship_checked(
            merchant_id=shop.merchant_id, actor=SYSTEM, check_uid=check, all_or_nothing=True
        )

    with Looking(window, LIST) as looking:
        sent = follow_job(made, shop, start, count="changed_orders")
    return sent, looking.took


def _tell(found: Found, *, as_json: bool) -> int:
    ratio = found.desk_busy_p99_ms / found.desk_idle_p99_ms
    report.table(
        f"{found.orders:,} tracking numbers from one list",
        ("", "value"),
        (
            ("looked at, s", found.checked_seconds),
            ("sent, s", found.sent_seconds),
            ("sent a second", found.sent / found.sent_seconds),
            ("worker, MB at most", found.worker_megabytes),
            ("list of orders idle, p99 ms", found.desk_idle_p99_ms),
            ("list of orders meanwhile, p99 ms", found.desk_busy_p99_ms),
            ("times", ratio),
        ),
    )
    aims = report.aims(
        "Aims, for 10,000 orders",
        (
            Aim("sent, s", SECONDS_MOST, found.sent_seconds),
            Aim("list of orders meanwhile, times as idle, p99", TIMES_MOST, ratio),
        ),
    )
    figures = {
        "bench": "ship",
        **asdict(found),
        "desk_ratio": ratio,
        "errors": found.orders - found.sent,
        "aims": aims,
    }
    return report.finish(figures, as_json=as_json, good=found.sent == found.orders)


if __name__ == "__main__":
    sys.exit(main())
