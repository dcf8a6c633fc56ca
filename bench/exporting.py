"""How fast 500,000 orders are written into a workbook, and what memory that takes (O10).

The orders are put into the tables as they are; then a worker exports thirteen columns of all of
them, as somebody at the desk would have it. The largest memory of the worker is set beside its
memory when idle.

    python -m bench.exporting [--json] [--quick] [--orders N]
"""

import argparse
import sys
import tempfile
import time
import zipfile
from dataclasses import asdict, dataclass

from bench import report
from bench.installation import Installation, installation
from bench.jobs import JobDone, follow_job
from bench.processes import MemoryWatch
from bench.report import Aim
from bench.stock import Shop, add_sku, open_shop
from kacang.catalog import queries as catalog
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders.exports import operations as exports
from kacang.orders.exports.operations import USUAL, ExportRequest
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.types import OrderState
from kacang.shared.clock import utc_now

ORDERS = 500_000
ABOVE_IDLE_MOST = 150.0
IDLE_SECONDS = 5
_ROW_END = b"</row>"
_READ_BYTES = 1 << 20
_FILL = """
with o as (
    insert into sale_order (merchant_id, number, channel, state, currency, total_minor,
        payable_minor, email, phone, phone_tail, token_hash, pay_by, created_at, paid_at,
        delivered_at)
    select %s::bigint, '20261126' || lpad(n::text, 10, '0'), 'shop', 4, 'CNY', 1999, 1999,
           'buyer' || n || '@example.com', '+86138' || lpad(n::text, 8, '0'),
           right(lpad(n::text, 8, '0'), 4), '', t, t, t, t
    from generate_series(1, %s::int) as n,
         lateral (select now() - make_interval(secs => n)) as at(t)
    returning merchant_id, id
)
insert into order_line (merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, title,
    sku_title, kind)
select merchant_id, id, 1, %s::bigint, 1, 1999, '{"zh-Hans": "视频会员", "en": "Video"}',
       '{"zh-Hans": "年卡", "en": "Year"}', 'code' from o
"""


@dataclass(frozen=True)
class Found:
    """What was measured."""

    orders: int
    written: int
    in_file: int
    seconds: float
    idle_megabytes: float
    largest_megabytes: float


@dataclass(frozen=True)
class _Exported:
    """An export that has ended."""

    uid: str
    job: JobDone


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when every order was written and stands in the file."""
    parser = argparse.ArgumentParser(prog="exporting", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--orders", type=int)
    asked = parser.parse_args(words)
    count = asked.orders or (3_000 if asked.quick else ORDERS)
    with installation() as made:
        shop = open_shop()
        report.say(f"{count:,} orders")
        _fill(made, shop, count)
        made.start("worker", "--queue", "bulk")
        made.settle_down()
        _export(made, shop, OrderFilter(numbers=("warm",)))
        idle = _idle(made)
        done = _export(made, shop, OrderFilter())
        found = Found(
            count, done.job.done, _rows_of(shop, done.uid), done.job.seconds, idle,
            done.job.worker_megabytes,
        )  # fmt: skip
    return _tell(found, as_json=asked.json)


def _fill(made: Installation, shop: Shop, count: int) -> None:
    sku = add_sku(made, shop, cards=1)
    with acting_as(shop.merchant_id):
        sku_id = catalog.sku(merchant_id=shop.merchant_id, uid=sku).id
    with made.owner() as owner:
        owner.execute(_FILL, [shop.merchant_id, count, sku_id])
        owner.execute("vacuum analyze sale_order, order_line")


def _idle(made: Installation) -> float:
    with MemoryWatch({"worker": made.processes[1].pid}) as watch:
        time.sleep(IDLE_SECONDS)
    return watch.largest["worker"]


def _export(made: Installation, shop: Shop, where: OrderFilter) -> _Exported:
    uids: list[str] = []

    def start(_: object) -> str:
        request = ExportRequest(
            where=where,
            columns=USUAL,
            format="xlsx",
            states={int(state): state.name for state in OrderState},
            masked=False,
            language="zh-hans",
        )
        uids.append(
            exports.start_export(
                merchant_id=shop.merchant_id, actor=SYSTEM, request=request, now=utc_now()
            )
        )
        return uids[0]

    job = follow_job(made, shop, start, count="rows")
    return _Exported(uids[0], job)


def _rows_of(shop: Shop, uid: str) -> int:
    """Return how many orders stand in the workbook that was written, read as it is fetched."""
    _name, pieces = exports.fetch_export(merchant_id=shop.merchant_id, actor=SYSTEM, uid=uid)
    with tempfile.TemporaryFile() as kept:
        for piece in pieces:
            kept.write(piece)
        kept.seek(0)
        with zipfile.ZipFile(kept) as book, book.open("xl/worksheets/sheet1.xml") as sheet:
            ends = 0
            tail = b""
            while read := sheet.read(_READ_BYTES):
                ends += (tail + read).count(_ROW_END)
                tail = read[1 - len(_ROW_END) :]
    # The first row holds the headings.
    return ends - 1


def _tell(found: Found, *, as_json: bool) -> int:
    above = found.largest_megabytes - found.idle_megabytes
    report.table(
        f"{found.orders:,} orders into a workbook",
        ("", "value"),
        (
            ("s", found.seconds),
            ("orders a second", found.written / found.seconds),
            ("worker idle, MB", found.idle_megabytes),
            ("worker at most, MB", found.largest_megabytes),
            ("above idle, MB", above),
        ),
    )
    aims = report.aims(
        "Aim, whatever the number of orders",
        (Aim("worker above idle, MB", ABOVE_IDLE_MOST, above),),
    )
    errors = abs(found.orders - found.written) + abs(found.orders - found.in_file)
    figures = {
        "bench": "export-orders",
        **asdict(found),
        "above_idle_megabytes": above,
        "errors": errors,
        "aims": aims,
    }
    return report.finish(figures, as_json=as_json, good=not errors)


if __name__ == "__main__":
    sys.exit(main())
