"""Callbacks that meet something else half done (rule 2), and which card a sale takes (V5)."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from django.db import connection

from kacang.catalog.models import Strategy
from kacang.merchants.audit import SYSTEM
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.errors import SoldOut
from kacang.orders.models import Event, OrderState
from kacang.orders.types import Item
from kacang.payments.models import NoticeOutcome
from kacang.payments.ports import VerifiedNotice
from kacang.shared.money import Money
from kacang.vault.card_ids import seal_card_id
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import holding_back, receipts, settle, sum_of, time_shifted
from tests.threads import at_once


class TestInTheMiddleOfSomethingElse:
    """Rule 2: what waits must look again after it has waited."""

    def test_callback_while_a_price_change_waits_uncommitted(self, merchant, database):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)
        change = (
            f"update sale_order set payable_minor = 1500, discount_minor = 499 "
            f"where number = '{placed.number}'"
        )
        with holding_back(database, merchant, change) as held:
            settle = threading.Thread(
                target=lambda: at_once(
                    [lambda: orders.settle_notices(account=account, notices=[make.notice(placed)])]
                )
            )
            settle.start()
            settle.join(0.4)
            assert settle.is_alive()
            held.commit()
            settle.join(10)

        assert queries.order(merchant_id=merchant, number=placed.number).state == OrderState.PENDING
        assert [mark for _, mark in receipts(merchant)] == [6]

    def test_callback_and_cancel_at_once_leave_it_delivered(self, merchant):
        made = make.sku(merchant, cards=20)
        account = make.account(merchant)
        placed = [make.order(made) for _ in range(12)]
        jobs: list[Callable[[], object]] = []
        for order in placed:
            notice = make.notice(order)
            jobs += [
                partial(settle, account, notice),
                partial(
                    orders.cancel_order, merchant_id=merchant, number=order.number, actor=SYSTEM
                ),
            ]

        at_once(jobs, threads=24)

        for order in placed:
            view = queries.order(merchant_id=merchant, number=order.number)
            assert view.state == OrderState.DELIVERED
        assert make.card_states(made) == {CardState.AVAILABLE: 8, CardState.SOLD: 12}
        assert sum_of(merchant, 1100) == 12 * 1999

    def test_overdue_cards_fought_over_by_payer_and_newcomers(self, merchant, settings):
        made = make.sku(merchant, cards=8)
        account = make.account(merchant)
        slow = [make.order(made) for _ in range(8)]
        with time_shifted(settings, 3600):
            jobs: list[Callable[[], object]] = [
                partial(settle, account, make.notice(order)) for order in slow
            ]
            jobs += [lambda: make.order(made) for _ in range(8)]
            at_once(jobs, threads=16)

        states = [queries.order(merchant_id=merchant, number=o.number).state for o in slow]
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                """select count(*), count(distinct card_id) from allocation
                   where exclusive and released_at is null"""
            )
            assert cursor.fetchone() == (8, 8)
        sold = make.card_states(made).get(CardState.SOLD, 0)
        assert states.count(OrderState.DELIVERED) == sold
        assert states.count(OrderState.ON_HOLD) == 8 - sold

    def test_callback_while_a_cancel_waits_uncommitted(self, merchant, database):
        made = make.sku(merchant, cards=2)
        account = make.account(merchant)
        placed = make.order(made)
        cancel = (
            f"update sale_order set state = 6, cancelled_at = now() "
            f"where number = '{placed.number}'"
        )
        with holding_back(database, merchant, cancel) as held:
            waiting = threading.Thread(
                target=at_once, args=([partial(settle, account, make.notice(placed))],)
            )
            waiting.start()
            waiting.join(0.4)
            assert waiting.is_alive()
            held.commit()
            waiting.join(10)

        events = queries.timeline(merchant_id=merchant, number=placed.number)
        assert Event.LATE_PAYMENT in [event.event for event in events]
        assert make.card_states(made) == {CardState.AVAILABLE: 1, CardState.SOLD: 1}

    def test_callback_while_its_order_is_not_committed_yet(self, merchant):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        notices: list[VerifiedNotice] = []

        def told_too_early() -> object:
            return settle(account, notices[0])

        with acting_as(merchant):
            placed = make.order(made)
            notices.append(make.notice(placed))
            (early,) = at_once([told_too_early])

        assert early == NoticeOutcome.UNMATCHED
        assert settle(account, notices[0]) == NoticeOutcome.SETTLED
        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.DELIVERED
        assert [mark for _, mark in receipts(merchant)] == [0]
        # Seen twice, it is booked once: what had waited came off the suspense account.
        assert sum_of(merchant, 1100) == sum_of(merchant, 2900) == sum_of(merchant, 2200) == 1999

    def test_what_was_told_too_early_is_settled_by_the_job(self, merchant, database):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        with acting_as(merchant):
            placed = make.order(made)
            notice = make.notice(placed)
            at_once([partial(settle, account, notice)])
        with psycopg.connect(database.dsn("kacang_owner")) as owner:
            owner.execute("update notice set received_at = received_at - interval '3 seconds'")

        orders.settle_waiting()

        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.DELIVERED
        assert settle(account, notice) == NoticeOutcome.REPEATED


class TestStrategies:
    """V5: which card a sale takes."""

    def test_soonest_expiry_first_and_never_an_expired_one(self, merchant):
        made = make.sku(merchant, cards=0, strategy=Strategy.SOONEST_EXPIRY)
        account = make.account(merchant)
        for hours in (30, 10, -1, 20):
            make.stock(made, 1, expires_in=f"{hours} hours")
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set pick_key = (extract(epoch from expires_at) * 1000000)::bigint"
            )
        got = []
        for _ in range(3):
            placed = make.order(made)
            settle(account, make.notice(placed))
            got += orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)

        assert [code.secret for code in got] == [made.codes[1], made.codes[3], made.codes[0]]
        with pytest.raises(SoldOut):
            make.order(made)

    def test_the_buyer_gets_the_chosen_card_and_pays_the_surcharge(self, merchant):
        made = make.sku(
            merchant, cards=3, strategy=Strategy.CHOSEN, price=100, chosen_surcharge_minor=50
        )
        account = make.account(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select id from card order by id")
            cards = [row[0] for row in cursor.fetchall()]
        wanted = seal_card_id(cipher_for(merchant), cards[1])
        wish = make.request(made, provider="sandbox")
        wish = replace(wish, items=(Item(made.sku.uid, 1, (wanted,)),))

        placed = orders.place_order(merchant_id=merchant, request=wish)
        with pytest.raises(SoldOut):
            orders.place_order(merchant_id=merchant, request=wish)
        settle(account, make.notice(placed))

        assert placed.payable == Money(150)
        (code,) = orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        assert code.secret == made.codes[1]

    def test_ten_thousand_in_one_order(self, merchant):
        made = make.sku(merchant, cards=10_000, price=1, max_per_order=10_000)
        account = make.account(merchant)

        placed = make.order(made, 10_000)
        settle(account, make.notice(placed))

        assert make.card_states(made) == {CardState.SOLD: 10_000}
        page = orders.deliveries(
            merchant_id=merchant, number=placed.number, actor=SYSTEM, offset=9_900, limit=200
        )
        assert len(page) == 100
