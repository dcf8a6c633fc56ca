"""What it costs to look at the books as they grow (F1): two merchants in one database, one small.

Each has a year of transfers, the last minute of it not summed up yet. For both: what stands on
the accounts, a month by day, the last page of a month's entries of one account, and the same
standings by adding every transfer up. A ratio is large ÷ small, of medians of the same run.

    python -m bench.books [--json] [--quick] [--small N] [--large N]
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from bench import report
from bench.installation import Installation, installation
from bench.load import percentile
from kacang.ledger import queries, sums
from kacang.ledger.accounts import Account
from kacang.ledger.queries import EntryFilter
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.shared.ids import new_uid

ZONE = ZoneInfo("Asia/Shanghai")
PAGE = 50
TIMES_MOST = 1.3
# What a sale books: received, delivered, cost; as in a year of orders of about one size.
FILL = """
insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind, document_kind,
                      document_id, at)
select %(merchant)s, k.debit, k.credit, 1999, 'CNY', k.kind, 1, n,
       now() - interval '365 days' + n * (interval '365 days' / %(orders)s)
from generate_series(%(first)s::bigint, %(last)s::bigint) n
cross join (values (1100, 2200, 1), (2200, 4100, 3), (5100, 1400, 4)) k(debit, credit, kind)
"""
CHUNK = 500_000


@dataclass(frozen=True)
class Book:
    """A merchant, and how many transfers it has."""

    merchant_id: int
    transfers: int


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when both ways of adding up agree."""
    parser = argparse.ArgumentParser(prog="books", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--small", type=int, default=50_000, help="orders")
    parser.add_argument("--large", type=int, default=5_000_000, help="orders")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args(words)
    sizes = (500, 20_000) if asked.quick else (asked.small, asked.large)
    with installation() as made:
        small, large = (_book(made, orders) for orders in sizes)
        summed = _once(_sum_up, large)
        took = {
            name: tuple(_times(look, book, asked.rounds) for book in (small, large))
            for name, look in LOOKS.items()
        }
        added = _once(_add_up, large)
        wrong = sum(sums.check_sums(merchant_id=book.merchant_id) for book in (small, large))
        wrong += sum(_said(book) != _added(book) for book in (small, large))
    return _tell(took, summed, added, (small, large), wrong, as_json=asked.json)


def _book(made: Installation, orders: int) -> Book:
    merchant_id = open_merchant(
        slug=f"books-{new_uid('x')[2:].lower()}", name="Books", kind=MerchantKind.DEMO
    )
    report.say(f"{orders:,} orders are booked")
    with made.owner() as owner:
        for first in range(1, orders + 1, CHUNK):
            values = {"merchant": merchant_id, "orders": orders, "first": first}
            owner.execute(FILL, {**values, "last": min(first + CHUNK - 1, orders)})
        owner.execute("vacuum analyze transfer")
    if orders <= CHUNK:
        sums.compact_sums(merchant_id=merchant_id)
    return Book(merchant_id, orders * 3)


def _sum_up(book: Book) -> None:
    sums.compact_sums(merchant_id=book.merchant_id)


def _standings(book: Book) -> None:
    sums.standings(merchant_id=book.merchant_id)


def _month(book: Book) -> None:
    last = datetime.now(ZONE).date()
    sums.by_day(merchant_id=book.merchant_id, first=last - timedelta(days=29), last=last)


def _old_page(book: Book) -> None:
    """Open a page of the oldest day of a month that is half a year old."""
    last: date = datetime.now(ZONE).date() - timedelta(days=180)
    first = last - timedelta(days=29)
    flows = sums.by_day(merchant_id=book.merchant_id, first=first, last=last)
    mine = [flow for flow in flows if Account.REVENUE in (flow.debit, flow.credit)]
    offset = max(0, sum(flow.count for flow in mine) - PAGE)
    window = sums.window(flows=mine, zone=ZONE, kinds=(), offset=offset, most=PAGE + 1)
    assert window is not None
    wanted = EntryFilter(account=Account.REVENUE, since=window.since, until=window.until)
    queries.entries(merchant_id=book.merchant_id, wanted=wanted, limit=PAGE, skipped=window.skipped)


def _add_up(book: Book) -> None:
    queries.balances(merchant_id=book.merchant_id)


LOOKS: dict[str, Callable[[Book], None]] = {
    "what stands on the accounts": _standings,
    "a month by day": _month,
    "the last page of an old month": _old_page,
}


def _once(look: Callable[[Book], None], book: Book) -> float:
    started = time.perf_counter()
    look(book)
    return time.perf_counter() - started


def _times(look: Callable[[Book], None], book: Book, rounds: int) -> list[float]:
    _once(look, book)
    return [_once(look, book) for _ in range(rounds)]


def _said(book: Book) -> dict[Account, int]:
    return {one.account: one.amount.minor for one in sums.standings(merchant_id=book.merchant_id)}


def _added(book: Book) -> dict[Account, int]:
    found = queries.balances(merchant_id=book.merchant_id)
    return {one.account: one.amount.minor for one in found}


def _tell(
    took: dict[str, tuple[list[float], ...]], summed: float, added: float,
    books: tuple[Book, Book], wrong: int, *, as_json: bool,
) -> int:  # fmt: skip
    small, large = books
    ratios = {name: median(many) / median(few) for name, (few, many) in took.items()}
    report.table(
        f"Books of {small.transfers:,} and {large.transfers:,} transfers",
        ["look", "small ms", "large ms", "times"],
        [
            [name, 1000 * median(few), 1000 * median(many), ratios[name]]
            for name, (few, many) in took.items()
        ],
    )
    report.say(f"summed up the first time: {summed:.1f} s; every transfer added up: {added:.2f} s")
    standing = took["what stands on the accounts"][1]
    figures = {
        "bench": "books",
        "ratio": ratios["what stands on the accounts"],
        "ratio_month": ratios["a month by day"],
        "ratio_old_page": ratios["the last page of an old month"],
        "ratio_limit": TIMES_MOST,
        "per_second": 1 / median(standing),
        "limit_per_second": 1 / added,
        "p50_ms": 1000 * percentile(standing, 0.5),
        "p99_ms": 1000 * percentile(standing, 0.99),
        "first_time_s": summed,
        "errors": wrong,
    }
    return report.finish(figures, as_json=as_json, good=not wrong)


if __name__ == "__main__":
    sys.exit(main())
