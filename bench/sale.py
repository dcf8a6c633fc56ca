"""How many orders a second are placed, paid and delivered over HTTP, as a share of the limit.

One order is `POST /orders` with `provider: sandbox`, then its signed callback that delivers. The
limit is the same PostgreSQL doing the least that a sale can be (`limit.sql` by pgbench). Both are
measured in turn, several times; medians count. Afterwards every figure is compared with the rows.

    python -m bench.sale [--json] [--quick] [--policies] [--rounds N] [--seconds N]
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from statistics import median

from bench import limit, report
from bench.installation import HOST, ROOT, Installation, installation
from bench.load import Plan, Report, percentile
from bench.processes import processor_seconds
from bench.stock import COST_MINOR, PRICE_MINOR, Shop, add_sku, open_shop

LIMIT_CLIENTS = 16
WARM_UP_SECONDS = 3
HOT_TABLES = (
    "sale_order", "order_line", "order_unit", "card", "allocation", "card_movement", "payment",
    "receipt", "notice", "transfer", "timeline", "outbox", "counter", "sku", "product", "pick_mark",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 3
    seconds: int = 8
    cards: int = 200_000
    connections: tuple[int, ...] = (16, 32)
    light_seconds: int = 6


QUICK = Size(rounds=1, seconds=1, cards=4_000, connections=(4,), light_seconds=1)


@dataclass(frozen=True)
class Round:
    """One round at one number of connections, beside the limit of the same minute."""

    connections: int
    limit: float
    report: Report

    @property
    def per_second(self) -> float:
        """Orders paid and delivered per second."""
        return self.report.orders / self.report.seconds

    @property
    def ratio(self) -> float:
        """Share of the limit."""
        return self.per_second / self.limit

    @property
    def requests_ms(self) -> list[float]:
        """Every request's time."""
        return self.report.place_ms + self.report.notice_ms


def sell(
    made: Installation, shop: Shop, skus: list[str], connections: int, seconds: float
) -> Report:
    """Sell for some seconds from a process of its own."""
    plan = Plan(
        host=HOST, port=made.port, connections=connections, seconds=seconds, key=shop.key,
        account=shop.account, secret=shop.secret, skus=skus,
    )  # fmt: skip
    return carry_out(made, plan)


def carry_out(made: Installation, plan: Plan) -> Report:
    """Sell as planned from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(plan)),
        cwd=ROOT,
        env={**made.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the buyers failed: {done.stderr[-2000:]}\n{made.log('web')}")
    return Report(**json.loads(done.stdout))


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when nothing failed and all figures agree with the rows."""
    parser = argparse.ArgumentParser(prog="sale", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--policies", action="store_true", help="what row-level security costs")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    asked = parser.parse_args(words)
    size = QUICK if asked.quick else Size(rounds=9 if asked.policies else 3)
    size = Size(
        asked.rounds or size.rounds, asked.seconds or size.seconds, size.cards,
        size.connections, size.light_seconds,
    )  # fmt: skip
    with installation() as made:
        shop = open_shop()
        report.say(f"loading {size.cards:,} cards")
        sku = add_sku(made, shop, cards=size.cards)
        warm = sell(made, shop, [sku], size.connections[0], WARM_UP_SECONDS)
        measure = _policies if asked.policies else _sale
        return measure(made, shop, sku, size, warm, as_json=asked.json)


def _sale(
    made: Installation, shop: Shop, sku: str, size: Size, warm: Report, *, as_json: bool
) -> int:
    rounds = []
    reports = [warm]
    for number in range(size.rounds):
        for connections in size.connections:
            report.say(f"round {number + 1} of {size.rounds}, {connections} connections")
            top = limit.run(made, seconds=size.seconds, clients=LIMIT_CLIENTS)
            made.settle_down()
            # Uncounted, as with the limit: the first change of each page is dearer.
            reports.append(sell(made, shop, [sku], connections, limit.WARM_UP_SECONDS))
            sold = sell(made, shop, [sku], connections, size.seconds)
            rounds.append(Round(connections, top, sold))
    before = _used(made)
    light = sell(made, shop, [sku], 1, size.light_seconds)
    costs = {
        name: 1000 * (after - before[name]) / max(light.orders, 1)
        for name, after in _used(made).items()
    }
    reports += [light, *(one.report for one in rounds)]
    checks = check(made, shop, reports)
    figures = _figures(rounds, light, reports, checks) | {"cpu_ms_per_order": costs}
    _print_sale(rounds, light, checks)
    report.table("Processor time per order", ["of", "ms"], list(costs.items()))
    good = not figures["errors"] and all(checks.values())
    return report.finish(figures, as_json=as_json, good=good)


def _used(made: Installation) -> dict[str, float]:
    return {
        "web": processor_seconds(made.processes[0].pid),
        "database": processor_seconds(made.cluster.server_pid),
    }


def _figures(
    rounds: list[Round], light: Report, reports: list[Report], checks: dict[str, bool]
) -> dict[str, object]:
    by_connections = {
        one: [entry for entry in rounds if entry.connections == one]
        for one in sorted({entry.connections for entry in rounds})
    }
    every = [took for entry in rounds for took in entry.requests_ms]
    return {
        "bench": "sale",
        # The weaker of the two loads is what may be promised.
        "ratio": min(median(entry.ratio for entry in some) for some in by_connections.values()),
        **{
            f"ratio_{one}": median(entry.ratio for entry in some)
            for one, some in by_connections.items()
        },
        "per_second": median(entry.per_second for entry in rounds),
        "limit_per_second": median(entry.limit for entry in rounds),
        "p50_ms": percentile(every, 0.5),
        "p99_ms": percentile(every, 0.99),
        "p99_light_ms": percentile(light.place_ms + light.notice_ms, 0.99),
        "errors": sum(one.errors for one in reports),
        "orders": sum(one.orders for one in reports),
        "client_cpu_share": sum(one.cpu_seconds for one in reports)
        / sum(one.seconds for one in reports),
        "checks": checks,
        "examples": [example for one in reports for example in one.examples][:5],
    }


def _print_sale(rounds: list[Round], light: Report, checks: dict[str, bool]) -> None:
    heads = ["connections", "limit/s", "orders/s", "ratio", "p50 ms", "p99 ms", "errors"]
    lines: list[list[object]] = [
        [
            str(one.connections), one.limit, one.per_second, one.ratio,
            percentile(one.requests_ms, 0.5), percentile(one.requests_ms, 0.99), one.report.errors,
        ]
        for one in rounds
    ]  # fmt: skip
    times = light.place_ms + light.notice_ms
    lines.append(
        [
            "1 (light)", "", light.orders / light.seconds, "", percentile(times, 0.5),
            percentile(times, 0.99), light.errors,
        ]
    )  # fmt: skip
    report.table("Sale: placed, paid, delivered over HTTP", heads, lines)
    report.table(
        "Afterwards", ["figure", "agrees"], [[name, str(ok)] for name, ok in checks.items()]
    )


def _policies(
    made: Installation, shop: Shop, sku: str, size: Size, warm: Report, *, as_json: bool
) -> int:
    """Measure the same sale with and without row-level security, in pairs of changing order."""
    reports = [warm]
    pairs: list[tuple[float, float]] = []
    for number in range(size.rounds):
        speed = {}
        for enforced in (True, False) if number % 2 else (False, True):
            report.say(
                f"pair {number + 1} of {size.rounds}, policies {'on' if enforced else 'off'}"
            )
            _enforce(made, on=enforced)
            made.settle_down()
            # Plans are made anew after the change, outside of what is counted.
            reports.append(sell(made, shop, [sku], size.connections[0], 1))
            sold = sell(made, shop, [sku], size.connections[0], size.seconds)
            reports.append(sold)
            speed[enforced] = sold.orders / sold.seconds
        pairs.append((speed[True], speed[False]))
    _enforce(made, on=True)
    costs = [1 - held / free for held, free in pairs]
    checks = check(made, shop, reports)
    report.table(
        "Policies: orders per second with and without",
        ["pair", "with", "without", "cost"],
        [[str(n), a, b, 1 - a / b] for n, (a, b) in enumerate(pairs, start=1)],
    )
    least, middle, most = report.spread(costs)
    report.table("Cost", ["least", "median", "most"], [[f"{least:.3f}", middle, most]])
    errors = sum(one.errors for one in reports)
    figures = {
        "bench": "sale", "policies_cost": middle, "policies_cost_min": least,
        "policies_cost_max": most, "pairs": len(pairs),
        "ratio": median(held / free for held, free in pairs),
        "per_second": median(held for held, _ in pairs),
        "limit_per_second": median(free for _, free in pairs),
        "p50_ms": percentile(_times(reports), 0.5), "p99_ms": percentile(_times(reports), 0.99),
        "errors": errors, "checks": checks,
    }  # fmt: skip
    return report.finish(figures, as_json=as_json, good=not errors and all(checks.values()))


def _times(reports: list[Report]) -> list[float]:
    return [took for one in reports for took in one.place_ms + one.notice_ms]


def _enforce(made: Installation, *, on: bool) -> None:
    with made.owner() as owner:
        for table in HOT_TABLES:
            word = "enable" if on else "disable"
            owner.execute(f"alter table {table} {word} row level security")


def check(made: Installation, shop: Shop, reports: list[Report]) -> dict[str, bool]:
    """Compare what the buyers were told with the rows."""
    orders = sum(one.orders for one in reports)
    cards = sum(one.cards for one in reports)
    numbers = {number for one in reports for number in one.numbers}
    with made.owner() as owner:

        def count(what: str) -> int:
            row = owner.execute(f"select {what}", {"m": shop.merchant_id}).fetchone()
            return int(str(row[0])) if row else -1

        of = "where merchant_id = %(m)s"
        moved = f"coalesce(sum(amount_minor), 0) from transfer {of}"
        return {
            "every order has a number of its own": len(numbers) == orders,
            "orders delivered": count(f"count(*) from sale_order {of} and state = 4") == orders,
            "cards sold": count(f"count(*) from card {of} and state = 2") == cards,
            "cards given once": count(
                f"count(distinct card_id) from allocation {of} and delivered_at is not null"
            )
            == cards,
            "receipts that fit": count(f"count(*) from receipt {of} and fit = 0") == orders,
            "payments paid": count(f"count(*) from payment {of} and state = 1") == orders,
            "money received": count(f"{moved} and debit = 1100 and credit = 2200")
            == cards * PRICE_MINOR,
            "sales booked": count(f"{moved} and debit = 2200 and credit = 4100")
            == cards * PRICE_MINOR,
            "cost booked": count(f"{moved} and debit = 5100 and credit = 1400")
            == cards * COST_MINOR,
            "news written": count(f"count(*) from outbox {of} and kind = 'orders.delivered'")
            == orders,
        }


if __name__ == "__main__":
    sys.exit(main())
