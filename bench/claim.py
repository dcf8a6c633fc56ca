"""Whether a sale costs the same whatever the pool's size, and whichever card is taken.

Sold over HTTP at 16 connections, as in `bench.sale`, so that claims meet each other as they do in
a rush: from pools of 10,000 cards and of 1,000,000, at random, first in first out, and soonest
expiry first. The rounds come in turn; each pool is filled up again before its next round.

`--large` makes the large pools so large; `--claimed` sells so many cards of each of them before
the first round, in orders of a hundred, so that what was claimed lies in the way; `--held` does all
of it once more beside a transaction that stays open, so that nothing that is sold then can be
cleared away.

    python -m bench.claim [--json] [--quick] [--rounds N] [--seconds N] [--large N] [--claimed N]
                          [--held] [--strategy NAME]...
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from bench import report
from bench.installation import HOST, Installation, installation
from bench.load import Plan, Report, percentile
from bench.sale import carry_out, check, sell
from bench.stock import Shop, add_sku, load, open_shop
from kacang.catalog.operations import Strategy
from kacang.vault import operations as vault


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 5
    seconds: int = 5
    small: int = 10_000
    large: int = 1_000_000
    connections: int = 16


CLAIM_CARDS = 100
CLAIM_SECONDS = 1_800
QUICK = Size(rounds=1, seconds=1, small=500, large=2_000, connections=4)


STRATEGIES = {
    "random": Strategy.RANDOM,
    "first in": Strategy.FIRST_IN,
    "soonest expiry": Strategy.SOONEST_EXPIRY,
}


@dataclass
class Pool:
    """One SKU with its cards, and how fast it sold in each round, also beside a transaction."""

    name: str
    strategy: Strategy
    cards: int
    sku: str = ""
    sold: int = 0
    speeds: list[float] = field(default_factory=list)
    held_speeds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Selling:
    """What is sold where, in how many rounds of how many seconds, after how many claims."""

    made: Installation
    shop: Shop
    pools: list[Pool]
    rounds: int
    seconds: int
    connections: int
    claimed: int


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when nothing failed and all figures agree with the rows."""
    parser = argparse.ArgumentParser(prog="claim", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--large", type=int, help="cards of a large pool")
    parser.add_argument("--claimed", type=int, default=0, help="sold of a large pool beforehand")
    parser.add_argument(
        "--held", action="store_true", help="also beside a transaction that stays open"
    )
    parser.add_argument("--strategy", action="append", choices=STRATEGIES, help="only this one")
    asked = parser.parse_args(words)
    size = QUICK if asked.quick else Size()
    rounds, seconds = asked.rounds or size.rounds, asked.seconds or size.seconds
    pools = [
        Pool(name, strategy, cards)
        for name, strategy in STRATEGIES.items()
        if name in (asked.strategy or STRATEGIES)
        for cards in (size.small, asked.large or size.large)
    ]
    with installation() as made:
        shop = open_shop()
        for pool in pools:
            report.say(f"loading {pool.cards:,} cards: {pool.name}")
            pool.sku = add_sku(made, shop, cards=pool.cards, strategy=pool.strategy)
        reports = [sell(made, shop, [pool.sku], size.connections, 1) for pool in pools]
        for pool, warm in zip(pools, reports, strict=True):
            pool.sold = warm.orders
        selling = Selling(made, shop, pools, rounds, seconds, size.connections, asked.claimed)
        reports += _phase(selling, is_held=False)
        if asked.held:
            with _held(made):
                reports += _phase(selling, is_held=True)
        checks = check(made, shop, reports)
    return _tell(pools, reports, checks, as_json=asked.json)


@contextmanager
def _held(made: Installation) -> Iterator[None]:
    """Keep a transaction open that has seen everything: no dead row may be cleared away."""
    with made.owner() as owner, owner.transaction():
        owner.execute("set transaction isolation level repeatable read")
        owner.execute("select count(*) from pick_mark")
        yield


def _phase(selling: Selling, *, is_held: bool) -> list[Report]:
    """Claim from the large pools beforehand, then sell of all in turn."""
    pools = selling.pools
    reports = [_claim(selling, pool) for pool in pools[1::2]] if selling.claimed else []
    for number in range(selling.rounds):
        report.say(f"round {number + 1} of {selling.rounds}{', held' * is_held}")
        # Another one begins each time: who comes first has the emptiest caches.
        for at in range(len(pools)):
            pool = pools[(at + number) % len(pools)]
            done = _round(selling, pool)
            speeds = pool.held_speeds if is_held else pool.speeds
            speeds.append(done.orders / done.seconds)
            reports.append(done)
    return reports


def _claim(selling: Selling, pool: Pool) -> Report:
    """Sell many cards of a pool, which is not filled up again."""
    report.say(f"selling {selling.claimed:,} cards: {pool.name}")
    shop = selling.shop
    plan = Plan(
        host=HOST, port=selling.made.port, connections=4, seconds=CLAIM_SECONDS, key=shop.key,
        account=shop.account, secret=shop.secret, skus=[pool.sku],
        orders_max=-(-selling.claimed // CLAIM_CARDS), quantity=CLAIM_CARDS,
    )  # fmt: skip
    return carry_out(selling.made, plan)


def _round(selling: Selling, pool: Pool) -> Report:
    made, shop = selling.made, selling.shop
    if pool.sold:
        load(made, shop, pool.sku, cards=pool.sold, strategy=pool.strategy)
    # What the schedule does each minute; nobody runs it here.
    vault.move_marks(merchant_id=shop.merchant_id)
    made.settle_down()
    done = sell(made, shop, [pool.sku], selling.connections, selling.seconds)
    pool.sold = done.orders
    return done


def _shares(pools: list[Pool], *, is_held: bool) -> dict[str, list[float]]:
    """Return how fast the large pool of each strategy sold beside the small one, by round.

    The small one is always that without a transaction in the way.
    """
    shares = {}
    for small, large in zip(pools[::2], pools[1::2], strict=True):
        speeds = large.held_speeds if is_held else large.speeds
        shares[large.name] = [b / a for a, b in zip(small.speeds, speeds, strict=True)]
    return shares


def _random_beside_first_in(pools: list[Pool]) -> list[float]:
    """Return how fast the large pool sold at random beside the one in order; [] without both."""
    sold = {pool.name: pool.speeds for pool in pools[1::2]}
    if not {"random", "first in"} <= set(sold):
        return []
    return [a / b for a, b in zip(sold["random"], sold["first in"], strict=True)]


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _tell(
    pools: list[Pool], reports: list[Report], checks: dict[str, bool], *, as_json: bool
) -> int:
    shares = _shares(pools, is_held=False)
    held = _shares(pools, is_held=True) if pools[0].held_speeds else {}
    by_strategy = _random_beside_first_in(pools)
    report.table(
        "Claim: orders per second over HTTP",
        ["pool", "cards", "least", "median", "most"],
        [
            [pool.name + name, pool.cards, *report.spread(speeds)]
            for pool in pools
            for name, speeds in (("", pool.speeds), (", held", pool.held_speeds))
            if speeds
        ],
    )
    report.table(
        "Shares",
        ["of", "least", "median", "most"],
        [
            *([f"large / small, {name}", *report.spread(some)] for name, some in shares.items()),
            *(
                [f"large held / small free, {name}", *report.spread(some)]
                for name, some in held.items()
            ),
            *([["large: random / first in", *report.spread(by_strategy)]] if by_strategy else ()),
        ],
    )
    report.table("Afterwards", ["figure", "agrees"], [[k, str(ok)] for k, ok in checks.items()])
    times = [took for one in reports for took in one.place_ms + one.notice_ms]
    errors = sum(one.errors for one in reports)
    figures = {
        "bench": "claim",
        # That of random sale, where it was measured.
        "ratio": median(next(iter(shares.values()))),
        **{
            f"ratio_{_key(name)}": median(some) for name, some in shares.items() if name != "random"
        },
        **{f"ratio_held_{_key(name)}": median(some) for name, some in held.items()},
        **({"ratio_random": median(by_strategy)} if by_strategy else {}),
        "per_second": median(pools[1].speeds),
        "limit_per_second": median(pools[0].speeds),
        "p50_ms": percentile(times, 0.5),
        "p99_ms": percentile(times, 0.99),
        "errors": errors,
        "checks": checks,
    }
    return report.finish(figures, as_json=as_json, good=not errors and all(checks.values()))


if __name__ == "__main__":
    sys.exit(main())
