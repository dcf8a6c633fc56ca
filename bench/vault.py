"""How fast cards are made, beside the least that it can take, and what counting many costs.

Made: a job of `POST /cards/generate` makes, encrypts, fingerprints and indexes its cards. The least
is loading as many rows of the same size into the same table with the same indexes, the way that
tables with policies take bulk: binary COPY into a temporary table, then one insert. Both in turn.

Counted: the pages of stock, asked in turn of a merchant with few cards and of one with very many.

    python -m bench.vault [--json] [--quick] [--rounds N] [--cards N] [--large N]
"""

import argparse
import secrets
import sys
import time
from dataclasses import dataclass, field
from statistics import median

import httpx
import psycopg

from bench import report
from bench.installation import Installation, installation
from bench.jobs import JobDone, run_job
from bench.load import percentile
from bench.pages import STOCK, at_the_desk, look
from bench.stock import Shop, add_sku, open_shop
from kacang.embedded import APP
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant

PATTERN = "XXXX-XXXX-XXXX-####"
WORKER_MEGABYTES = 200
_COLUMNS = "fingerprint, secret"


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 3
    cards: int = 1_000_000
    small: int = 10_000
    large: int = 10_000_000
    looks: int = 40


QUICK = Size(rounds=1, cards=3_000, small=200, large=1_000, looks=3)


@dataclass(frozen=True)
class Looks:
    """How many milliseconds a page took, of the shop with few cards and of the one with many."""

    few: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times as long the many take."""
        return median(self.many) / median(self.few)


Window = tuple[httpx.Client, dict[str, str]]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when every card was made and every page came."""
    parser = argparse.ArgumentParser(prog="vault", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--cards", type=int, help="how many are made in a job")
    parser.add_argument("--large", type=int, help="how many the large shop has")
    asked = parser.parse_args(words)
    size = QUICK if asked.quick else Size()
    rounds, cards = asked.rounds or size.rounds, asked.cards or size.cards
    least: list[float] = []
    made_cards: list[JobDone] = []
    with installation() as made:
        made.start("worker", "--queue", "bulk")
        shop = open_shop()
        sku = add_sku(made, shop, cards=1)
        _generate(made, shop, sku, 1_000)  # both sides are warm
        for number in range(rounds):
            report.say(f"round {number + 1} of {rounds}: {cards:,} cards")
            made.settle_down()
            least.append(_least(made, cards))
            made.settle_down()
            made_cards.append(_generate(made, shop, sku, cards))
        looks = _pages(made, size, asked.large or size.large)
    return _tell(least, made_cards, looks, cards, as_json=asked.json)


def _generate(made: Installation, shop: Shop, sku: str, cards: int) -> JobDone:
    wanted = {"sku_id": sku, "count": cards, "pattern": PATTERN}
    return run_job(made, shop, "/cards/generate", count="stocked", json=wanted)


def _least(made: Installation, cards: int) -> float:
    """Load rows of the same size for a merchant of its own; making them is left out."""
    merchant_id = open_merchant(
        slug=f"least-{secrets.token_hex(4)}", name="Least", kind=MerchantKind.DEMO
    )
    with made.owner() as owner:
        found = owner.execute("select octet_length(secret) from card order by id desc limit 1")
        (length,) = found.fetchone() or (0,)
    rows = [(secrets.token_bytes(16), secrets.token_bytes(int(str(length)))) for _ in range(cards)]
    with psycopg.connect(made.cluster.dsn(APP)) as app:
        started = time.perf_counter()
        with app.transaction(), app.cursor() as cursor:
            cursor.execute(f"set local kacang.merchant = {merchant_id}")
            cursor.execute("set local statement_timeout = 0")
            cursor.execute("create temp table plain (fingerprint bytea, secret bytea)")
            with cursor.copy(f"copy plain ({_COLUMNS}) from stdin (format binary)") as copy:
                copy.set_types(["bytea", "bytea"])
                for row in rows:
                    copy.write_row(row)
            cursor.execute(
                f"insert into card (merchant_id, sku_id, batch_id, pick_key, {_COLUMNS})"
                f" select %s, 1, 1, floor(random() * 2147483647)::bigint, {_COLUMNS}"
                " from plain on conflict do nothing",
                [merchant_id],
            )
        return time.perf_counter() - started


def _pages(made: Installation, size: Size, large: int) -> dict[str, Looks]:
    """Ask for each page in turn of both shops."""
    made.run("-m", "django", "collectstatic", "--noinput", "--verbosity=0")
    windows = [_window(made, cards) for cards in (size.small, large)]
    made.settle_down()
    return {name: _looks(windows, name, size.looks) for name in ("stock", "SKU")}


def _window(made: Installation, cards: int) -> Window:
    """Stock a shop and sign its owner in."""
    report.say(f"loading {cards:,} cards")
    shop = open_shop()
    sku = add_sku(made, shop, cards=cards)
    return at_the_desk(made, shop), {"stock": STOCK, "SKU": f"{STOCK}{sku}/"}


def _looks(windows: list[Window], name: str, count: int) -> Looks:
    looks = Looks()
    for _ in range(count):
        for (window, addresses), took in zip(windows, (looks.few, looks.many), strict=True):
            took.append(look(window, addresses[name]))
    return looks


def _tell(
    least: list[float],
    made_cards: list[JobDone],
    looks: dict[str, Looks],
    cards: int,
    *,
    as_json: bool,
) -> int:
    ratios = [one.seconds / bare for one, bare in zip(made_cards, least, strict=True)]
    worker = max(one.worker_megabytes for one in made_cards)
    missing = sum(cards - one.done for one in made_cards)
    report.table(
        f"{cards:,} cards made",
        ["round", "least s", "job s", "times", "worker MB"],
        [
            [str(n), bare, one.seconds, times, one.worker_megabytes]
            for n, (bare, one, times) in enumerate(
                zip(least, made_cards, ratios, strict=True), start=1
            )
        ],
    )
    report.table(
        "Pages: milliseconds, median",
        ["page", "few cards", "many cards", "times"],
        [[name, median(one.few), median(one.many), one.ratio] for name, one in looks.items()],
    )
    seconds = median(one.seconds for one in made_cards)
    every = [took for one in looks.values() for took in (*one.few, *one.many)]
    figures = {
        "bench": "vault",
        "ratio": median(ratios),
        "per_second": cards / seconds,
        "limit_per_second": cards / median(least),
        "worker_mb": worker,
        "worker_mb_limit": WORKER_MEGABYTES,
        **{f"ratio_page_{name}": one.ratio for name, one in looks.items()},
        "p50_ms": percentile(every, 0.5),
        "p99_ms": percentile(every, 0.99),
        "errors": missing,
    }
    return report.finish(figures, as_json=as_json, good=not missing)


if __name__ == "__main__":
    sys.exit(main())
