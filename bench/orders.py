"""What the list of orders costs a shop with a long history, against a short one (O2, rule 16).

Two merchants in one database: one with a few orders, one with very many, filled set-based and
alike but for what is open: that is as much in both; with parcels, cards with numbers and customers
in the same proportion. The first page, each filter alone, the counts of the tabs and what the
palette looks for are asked of both in turn; told is how many times as long the long history takes,
of the medians. Nothing else writes meanwhile.

All that is asked comes round `--looks` times, so that no minute of the machine weighs on one of
them alone. Each time both merchants are asked once unmeasured, which brings in the pages of either;
then in turn, now the one first, now the other.

    python -m bench.orders [--json] [--quick] [--few N] [--many N] [--looks N] [--times N]
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import psycopg

from bench import palette, report
from bench.installation import Installation, installation
from bench.load import percentile
from bench.report import Aim
from bench.stock import Shop, add_sku, open_shop
from kacang.catalog import operations as catalog
from kacang.catalog import queries as catalogue
from kacang.catalog.operations import SkuDraft
from kacang.merchants import operations
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import StoreDraft
from kacang.merchants.queries import StoreInfo
from kacang.merchants.tenancy import reaching
from kacang.orders import queries
from kacang.orders.tagging.tags import make_tag
from kacang.orders.types import OrderFilter, OrderState, Sort
from kacang.payments import queries as payments
from kacang.shared.clock import utc_now
from kacang.shared.texts import both

TIMES_MOST = 1.3
# Open orders of each merchant: what staff work on does not grow with history.
OPEN = 400
# So many orders of each came by one phone: its end fills a page of either.
REGULAR, REGULAR_ORDERS = "13900004711", 100
_PARTS = 500_000
TABLES = (
    "sale_order", "order_line", "payment", "order_tag", "shipment", "card", "customer",
    "customer_contact", "order_customer",
)  # fmt: skip
# How long each of two merchants took, few orders and many, in milliseconds.
Pair = tuple[list[float], list[float]]
_FILL = """
insert into sale_order (merchant_id, number, external_number, channel, state, hold_reason,
    currency, total_minor, payable_minor, email, phone, phone_tail, token_hash, pay_by, created_at,
    paid_at, api_key_id, has_note, store_id)
select %(m)s, 'B' || lpad(n::text, 9, '0'), 'x' || n,
    case when n %% 40 = 0 then 'api' when n %% 997 = 0 then 'redeem' else 'shop' end,
    case when n > %(all)s - %(open)s then (array[0, 1, 9])[(1 + n %% 3)::int]
         else (array[4, 5, 5, 5, 6, 8])[(1 + n %% 6)::int] end,
    case when n > %(all)s - %(open)s and n %% 3 = 2 then 'late_payment' else '' end,
    'CNY', 500 + n * 7919 %% 50000, 500 + n * 7919 %% 50000, 'b' || n / 4 || '@example.com',
    '+86' || phone, right(phone, 4), '\\x00',
    now() + interval '1 day', now() - (%(all)s - n) * interval '1 year' / %(all)s,
    case when n %% 6 = 4 then null else now() - (%(all)s - n) * interval '1 year' / %(all)s end,
    case when n %% 40 = 0 then %(key)s else 0 end, n %% 500 = 0,
    case when n %% 20 = 7 then %(near)s when n %% 600 = 8 then %(far)s end
from generate_series(%(first)s::bigint, %(last)s::bigint) n
cross join lateral (
    select case when n %% (%(all)s / %(regular_orders)s) = 0 then %(regular)s
                else '138' || lpad((n / 4 * 7919 %% 100000000)::text, 8, '0') end as phone
) p
"""
_LINES = """
insert into order_line (merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, title,
    sku_title, kind, stock_mode)
select merchant_id, id, 1, case when id %% 50 = 0 then %(rare)s else %(usual)s end, 1,
    payable_minor, '{"zh-Hans": "视频会员"}', '{"zh-Hans": "月卡"}', 'code', 0
from sale_order where merchant_id = %(m)s and id > %(after)s
"""
_PAID = """
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at,
    state, paid_at)
select merchant_id, 'Bench' || merchant_id || 'x' || id, id, %(account)s, payable_minor, 'CNY',
    created_at, 1, paid_at
from sale_order where merchant_id = %(m)s and id > %(after)s and paid_at is not null
"""
_TAGGED = """
insert into order_tag (merchant_id, tag_id, order_id)
select o.merchant_id, t.id, o.id from sale_order o
join tag t on t.merchant_id = o.merchant_id
where o.merchant_id = %(m)s and o.id > %(after)s and o.id %% 100 = 0
"""


@dataclass(frozen=True)
class World:
    """A merchant with its history, and names to look for."""

    shop: Shop
    orders: int
    usual: str
    rare: str
    tag: str
    key: str
    stores: Sequence[StoreInfo]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when both merchants' filters found what is there."""
    parser = argparse.ArgumentParser(prog="orders", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--few", type=int, default=50_000)
    parser.add_argument("--many", type=int, default=5_000_000)
    parser.add_argument("--looks", type=int, default=4, help="rounds over all that is asked")
    parser.add_argument("--times", type=int, default=20, help="pairs of each in a round")
    asked = parser.parse_args(words)
    few, many = (2_000, 6_000) if asked.quick else (asked.few, asked.many)
    rounds, times = (2, 2) if asked.quick else (asked.looks, asked.times)
    with installation() as made:
        with _filled_first(made):
            worlds = [_world(made, few), _world(made, many)]
        with made.owner() as owner:
            report.say("gathering statistics")
            for table in TABLES:
                owner.execute(f"vacuum analyze {table}".encode())
        made.run("-m", "django", "collectstatic", "--noinput", "--verbosity=0")
        small, large = (
            {**_looks(world), **palette.palette_looks(made, world.shop, world.orders)}
            for world in worlds
        )
        took = _rounds(small, large, rounds, times)
    return _tell(took, few, many, as_json=asked.json)


@contextlib.contextmanager
def _filled_first(made: Installation) -> Iterator[None]:
    """Leave the indexes out while tables are filled, and build them behind: half the time."""
    with made.owner() as owner:
        found = owner.execute(
            "select indexname, indexdef from pg_indexes i where tablename = any(%s::text[]) and not"
            " exists (select from pg_constraint c where c.conname = i.indexname)",
            [list(TABLES)],
        ).fetchall()
        for name, _ in found:
            owner.execute(f"drop index {name}".encode())
        yield
        for name, text in found:
            report.say(f"building {name}")
            owner.execute(str(text).encode())


def _world(made: Installation, orders: int) -> World:
    shop = open_shop()
    who = shop.merchant_id
    usual, rare = (
        catalog.create_sku(
            merchant_id=who, product_uid=shop.product, actor=SYSTEM,
            draft=SkuDraft(title=both(name, name), price_minor=1999),
        )
        for name in ("月卡", "年卡")
    )  # fmt: skip
    tag = make_tag(merchant_id=who, name="加急", colour="red", actor=SYSTEM)
    account = payments.account_for(merchant_id=who, provider="sandbox")
    for code in ("a", "b"):
        operations.open_store(merchant_id=who, draft=StoreDraft("店", code), actor=SYSTEM)
    near, far = merchants.stores(merchant_id=who)
    add_sku(made, shop, cards=1)
    report.say(f"filling {orders:,} orders")
    with made.superuser() as owner, psycopg.ClientCursor(owner) as filling:
        # What is referenced is there: looking at each row would take the longest.
        owner.execute("set session_replication_role = replica")
        skus = catalogue.skus_by_uid(merchant_id=who, uids=[usual, rare])
        ((uid, key),) = owner.execute(
            "select uid, id from api_key where merchant_id = %s", [who]
        ).fetchall()
        ((batch,),) = owner.execute("select id from batch where merchant_id = %s", [who]).fetchall()
        given = {
            **palette.values_of(who, batch),
            "m": who, "all": orders, "open": min(OPEN, orders // 4), "key": key,
            "regular": REGULAR, "regular_orders": REGULAR_ORDERS,
            "usual": skus[usual].id, "rare": skus[rare].id, "account": account.id,
            "near": near.id, "far": far.id,
        }  # fmt: skip
        for first in range(1, orders + 1, _PARTS):
            last = min(first + _PARTS - 1, orders)
            (after,) = owner.execute("select coalesce(max(id), 0) from sale_order").fetchone() or (
                0,
            )
            for text in (_FILL, _LINES, _PAID, _TAGGED, *palette.FILL):
                # Values as literals: their types are then what they look like.
                filling.execute(text, {**given, "first": first, "last": last, "after": after})
            report.say(f"  {last:,}")
    return World(shop, orders, usual, rare, tag, str(uid), (near, far))


def _looks(world: World) -> dict[str, Callable[[], int]]:
    """Return what is asked, by name; each says how much it found."""
    who = world.shop.merchant_id
    now = utc_now()
    middle = world.orders // 2 - world.orders // 2 % 4
    span = timedelta(days=365) * 400 / world.orders
    filters = {
        "all": OrderFilter(),
        **{
            f"state {state.name.lower()}": OrderFilter(state=state)
            for state in (
                OrderState.PENDING, OrderState.PAID, OrderState.ON_HOLD, OrderState.DELIVERED,
                OrderState.COMPLETED, OrderState.CANCELLED, OrderState.REFUNDED,
            )
        },
        "number": OrderFilter(numbers=(f"B{middle:09}",)),
        "e-mail": OrderFilter(email=f"b{middle // 4}@example.com"),
        "phone": OrderFilter(phone=f"+86138{middle // 4 * 7919 % 100_000_000:08d}"),
        "phone's end": OrderFilter(phone_tail=REGULAR[-4:]),
        "external number": OrderFilter(external_number=f"x{middle}"),
        "period": OrderFilter(since=now - span),
        "days long ago": OrderFilter(
            since=now - timedelta(days=200), until=now - timedelta(days=200) + span
        ),
        "channel": OrderFilter(channel="redeem"),
        "key": OrderFilter(api_key=world.key),
        "store": OrderFilter(store=world.stores[0].uid),
        "SKU": OrderFilter(sku=world.rare),
        "product": OrderFilter(product=world.shop.product),
        "company": OrderFilter(provider="sandbox"),
        "amount": OrderFilter(amount_min_minor=40_000, amount_max_minor=41_000),
        "exception": OrderFilter(exception="late_payment"),
        "tag": OrderFilter(tag=world.tag),
        "note": OrderFilter(has_note=True),
    }  # fmt: skip

    def page(where: OrderFilter, sort: Sort | None = None) -> Callable[[], int]:
        return lambda: len(queries.orders_page(merchant_id=who, where=where, sort=sort).rows)

    reach = frozenset(f"s{one.id}" for one in world.stores)

    def within(ask: Callable[[], int], words: frozenset[str] = reach) -> Callable[[], int]:
        def asked() -> int:
            with reaching(words):
                return ask()

        return asked

    def counts() -> int:
        return len(queries.counts_by_state(merchant_id=who))

    return {
        **{name: page(where) for name, where in filters.items()},
        "oldest first": page(OrderFilter(), Sort.OLDEST),
        "largest first": page(OrderFilter(), Sort.LARGEST),
        "counts of the tabs": counts,
        "role of two stores": within(page(OrderFilter())),
        "role of two stores, completed": within(page(OrderFilter(state=OrderState.COMPLETED))),
        "role of two stores, counts": within(counts),
        "role of a channel": within(page(OrderFilter()), frozenset({"redeem"})),
    }


def _rounds(
    few: Mapping[str, Callable[[], int]],
    many: Mapping[str, Callable[[], int]],
    rounds: int,
    times: int,
) -> dict[str, list[Pair]]:
    """Ask all of both, round by round; return the milliseconds of each round by name."""
    took: dict[str, list[Pair]] = {name: [] for name in few}
    for at in range(rounds):
        report.say(f"round {at + 1} of {rounds}")
        for name, pairs in took.items():
            pairs.append(_both(few[name], many[name], times))
    return took


def _both(few: Callable[[], int], many: Callable[[], int], times: int) -> Pair:
    """Ask both in turn; the first look of each is to warm up, and must find something."""
    assert few()
    assert many()
    took: Pair = ([], [])
    for at in range(times):
        # Who comes second finds more of what both need in the caches.
        order = (0, 1) if at % 2 == 0 else (1, 0)
        for which in order:
            started = time.perf_counter()
            (few, many)[which]()
            took[which].append(1000 * (time.perf_counter() - started))
    return took


def _tell(took: Mapping[str, Sequence[Pair]], few: int, many: int, *, as_json: bool) -> int:
    whole = {
        name: tuple([value for pair in pairs for value in pair[which]] for which in (0, 1))
        for name, pairs in took.items()
    }
    ratios = {name: median(large) / median(small) for name, (small, large) in whole.items()}
    spread = {
        name: sorted(median(large) / median(small) for small, large in pairs)
        for name, pairs in took.items()
    }
    report.table(
        f"{few:,} orders, and {many:,}",
        ["asked", "few ms", "many ms", "times", "by round"],
        [
            [name, median(small), median(large), ratios[name],
             f"{spread[name][0]:.2f} – {spread[name][-1]:.2f}"]
            for name, (small, large) in whole.items()
        ],
    )  # fmt: skip
    every = [value for _, large in whole.values() for value in large]
    first = [value for small, _ in whole.values() for value in small]
    aims = report.aims(
        f"{many:,} orders against {few:,}: the largest ratio",
        [Aim(f"{name}, times", TIMES_MOST, ratios[name])
         for name in sorted(ratios, key=lambda name: -ratios[name])[:5]],
    )  # fmt: skip
    figures = {
        "bench": "orders",
        "ratio": max(ratios.values()),
        "ratio_limit": TIMES_MOST,
        "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "per_second": 1000 / percentile(every, 0.5),
        "limit_per_second": 1000 / percentile(first, 0.5),
        "p50_ms": percentile(every, 0.5),
        "p99_ms": percentile(every, 0.99),
        "errors": 0,
        "aims": aims,
    }
    return report.finish(figures, as_json=as_json, good=True)


if __name__ == "__main__":
    sys.exit(main())
