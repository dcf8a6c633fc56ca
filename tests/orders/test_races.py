"""L3, L21: 64 buyers at once, whichever card is taken: none is sold twice, none is lost."""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import connection

from kacang.catalog.models import StockMode, Strategy
from kacang.merchants.audit import SYSTEM
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.errors import SoldOut
from kacang.orders.types import Item, PlacedOrder
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.vault.card_ids import seal_card_id
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import settle, sum_of
from tests.threads import at_once

BUYERS = 64


def rows(merchant: int, sql: str) -> list[tuple[Any, ...]]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def sold_once(merchant: int, cards: int) -> bool:
    """Whether so many units have a card each, and no card two of them."""
    found = rows(
        merchant,
        "select count(*), count(distinct card_id), count(delivered_at) from allocation"
        " where released_at is null",
    )
    return found == [(cards, cards, cards)]


@pytest.mark.parametrize("strategy", [Strategy.RANDOM, Strategy.FIRST_IN, Strategy.SOONEST_EXPIRY])
def test_of_64_at_40_cards_40_get_one_each(merchant, strategy):
    made = make.sku(merchant, cards=0, strategy=strategy)
    for hours in (30, 10, 50, 20):
        make.stock(made, 10, expires_in=f"{hours} hours")
    make.stock(made, 5, expires_in="-1 hours")
    if strategy == Strategy.SOONEST_EXPIRY:
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set pick_key = (extract(epoch from expires_at) * 1000000)::bigint"
            )
    account = make.account(merchant)

    def buy() -> object:
        placed = make.order(made)
        settle(account, make.notice(placed))
        return placed

    told = at_once([buy] * BUYERS, threads=BUYERS)

    placed = [one for one in told if isinstance(one, PlacedOrder)]
    assert len(placed) == 40
    assert Counter(type(one) for one in told if isinstance(one, DomainError)) == {SoldOut: 24}
    # What had expired was sold to nobody, although no job has run.
    assert make.card_states(made) == {CardState.SOLD: 40, CardState.AVAILABLE: 5}
    assert sold_once(merchant, 40)
    codes = [
        code.secret
        for one in placed
        for code in orders.deliveries(merchant_id=merchant, number=one.number, actor=SYSTEM)
    ]
    assert sorted(codes) == sorted(made.codes[:40])
    assert sum_of(merchant, 1100) == 40 * 1999


def test_64_who_choose_among_8_cards_get_their_own_or_none(merchant):
    made = make.sku(
        merchant, cards=12, strategy=Strategy.CHOSEN, price=100, chosen_surcharge_minor=50
    )
    account = make.account(merchant)
    cards = [row[0] for row in rows(merchant, "select id from card order by id")]
    names = [seal_card_id(cipher_for(merchant), card) for card in cards]
    wish = make.request(made)

    def choose(at: int) -> object:
        # Each has two wishes, in either order: whoever locked them as named would wait in a ring.
        pair = (names[at % 8], names[8 + at % 4])
        pair = pair if at // 8 % 2 else pair[::-1]
        item = Item(made.sku.uid, 2, pair)
        contact = replace(wish.contact, email=f"chooser{at}@example.com")
        placed = orders.place_order(
            merchant_id=merchant,
            request=replace(wish, items=(item,), contact=contact, provider="sandbox"),
        )
        settle(account, make.notice(placed))
        return placed, pair

    told = at_once([partial(choose, at) for at in range(BUYERS)], threads=BUYERS)

    won = [one for one in told if isinstance(one, tuple)]
    # Eight first wishes share four second ones: four pairs can be had, and four were.
    assert len(won) == 4
    assert {type(one) for one in told if not isinstance(one, tuple)} == {SoldOut}
    assert make.card_states(made) == {CardState.SOLD: 8, CardState.AVAILABLE: 4}
    assert sold_once(merchant, 8)
    code_of = dict(zip(names, made.codes, strict=True))
    for placed, pair in won:
        assert placed.payable == Money(300)
        got = orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        assert sorted(code.secret for code in got) == sorted(code_of[name] for name in pair)


def test_64_at_one_loop_card_all_get_it(merchant):
    made = make.sku(merchant, cards=0, stock_mode=StockMode.LOOP)
    make.stock(made, 1, loop=True)
    account = make.account(merchant)

    def buy() -> PlacedOrder:
        placed = make.order(made)
        settle(account, make.notice(placed))
        return placed

    told = at_once([buy] * BUYERS, threads=BUYERS)

    for placed in told:
        assert isinstance(placed, PlacedOrder)
        (code,) = orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        assert code.secret == made.codes[0]
    assert make.card_states(made) == {CardState.AVAILABLE: 1}
    assert rows(merchant, "select count(*), count(delivered_at), bool_or(exclusive) from allocation"
                ) == [(BUYERS, BUYERS, False)]  # fmt: skip
    assert sum_of(merchant, 1100) == BUYERS * 1999
