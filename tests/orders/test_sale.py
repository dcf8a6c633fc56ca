"""One sale, from placing to the delivered card: O1, D1, rules 1, 4, 6, 11, 12."""

from dataclasses import replace

import pytest
from django.db import connection

from kacang.catalog.models import StockMode, Strategy
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.errors import BadQuantity, NotNow, SoldOut, UnknownOrder, UnknownSku
from kacang.orders.models import Event, OrderState, UnitState
from kacang.orders.types import Item, PlacedOrder
from kacang.payments.models import NoticeOutcome
from kacang.shared.money import Money
from kacang.vault.models import CardState
from tests import make


def books(merchant: int) -> dict[tuple[int, int], int]:
    """Sum of transfers by (debit, credit)."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select debit, credit, sum(amount_minor) from transfer group by 1, 2")
        return {(debit, credit): int(total) for debit, credit, total in cursor.fetchall()}


def live_allocations(merchant: int) -> int:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select count(*) from allocation where released_at is null")
        return int(cursor.fetchone()[0])


class TestPlaceOrder:
    def test_reserves_a_card_for_each_unit(self, merchant):
        made = make.sku(merchant, cards=3, price=1999)
        make.account(merchant)

        placed = make.order(made, 2)

        assert placed.state == OrderState.PENDING
        assert placed.payable == Money(3998)
        assert placed.payment is not None
        assert placed.payment.amount == Money(3998)
        assert make.card_states(made) == {CardState.AVAILABLE: 1, CardState.RESERVED: 2}
        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.lines[0].units == {UnitState.WAITING: 2}
        assert live_allocations(merchant) == 2

    def test_keeps_nothing_when_sold_out(self, merchant):
        made = make.sku(merchant, cards=1)
        make.account(merchant)

        with pytest.raises(SoldOut):
            make.order(made, 2)

        assert make.card_states(made) == {CardState.AVAILABLE: 1}
        with acting_as(merchant), connection.cursor() as cursor:
            for table in ("sale_order", "order_line", "payment", "counter", "timeline"):
                cursor.execute(f"select count(*) from {table}")
                assert cursor.fetchone() == (0,), table

    def test_takes_several_skus_whole_or_not_at_all(self, merchant):
        rich, poor = make.sku(merchant, cards=5, price=100), make.sku(merchant, cards=1, price=7)
        wish = make.request(rich, 2)

        placed = orders.place_order(
            merchant_id=merchant, request=replace(wish, items=(*wish.items, Item(poor.sku.uid, 1)))
        )
        with pytest.raises(SoldOut):
            orders.place_order(
                merchant_id=merchant,
                request=replace(wish, items=(*wish.items, Item(poor.sku.uid, 1))),
            )

        assert placed.payable == Money(207)
        assert make.card_states(rich) == {CardState.AVAILABLE: 3, CardState.RESERVED: 2}
        assert make.card_states(poor) == {CardState.RESERVED: 1}

    def test_delivers_what_is_free_at_once(self, merchant):
        made = make.sku(merchant, cards=1, price=0)

        placed = orders.place_order(merchant_id=merchant, request=make.request(made))

        assert placed.state == OrderState.DELIVERED
        (code,) = orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        assert code.secret == made.codes[0]
        assert books(merchant) == {}

    def test_refuses_what_is_not_on_sale_or_out_of_bounds(self, merchant, other_merchant):
        made = make.sku(merchant, cards=3, min_per_order=2, max_per_order=3)
        theirs = make.sku(other_merchant)

        with pytest.raises(BadQuantity):
            orders.place_order(merchant_id=merchant, request=make.request(made, 1))
        with pytest.raises(BadQuantity):
            orders.place_order(merchant_id=merchant, request=make.request(made, 4))
        with pytest.raises(UnknownSku):
            orders.place_order(merchant_id=merchant, request=make.request(theirs))

        assert make.card_states(made) == {CardState.AVAILABLE: 3}

    def test_never_sells_an_expired_card(self, merchant):
        made = make.sku(merchant, cards=0)
        make.stock(made, 2, expires_in="-1 minute")

        with pytest.raises(SoldOut):
            orders.place_order(merchant_id=merchant, request=make.request(made))

    def test_places_a_batch_order_by_order(self, merchant):
        made = make.sku(merchant, cards=3)
        wishes = [make.request(made, quantity) for quantity in (2, 2, 1)]

        first, second, third = orders.place_orders(merchant_id=merchant, requests=wishes)

        assert isinstance(first, PlacedOrder)
        assert isinstance(second, SoldOut)
        assert isinstance(third, PlacedOrder)
        assert make.card_states(made) == {CardState.RESERVED: 3}


class TestSettle:
    def test_books_what_each_card_cost(self, merchant):
        made = make.sku(merchant, cards=3, price=1999, cost=1200)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update card set cost_minor = 150 where merchant_id = %s", [merchant])
            cursor.execute(
                "update card set cost_minor = null where merchant_id = %s and id ="
                " (select min(id) from card where merchant_id = %s)",
                [merchant, merchant],
            )
        account = make.account(merchant)
        placed = make.order(made, 3)

        orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert books(merchant)[5100, 1400] == 1200 + 150 + 150

    def test_delivers_the_reserved_cards(self, merchant):
        made = make.sku(merchant, cards=3, price=1999, cost=1200)
        account = make.account(merchant)
        placed = make.order(made, 2)

        outcome = orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert outcome == [NoticeOutcome.SETTLED]
        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.DELIVERED
        assert make.card_states(made) == {CardState.AVAILABLE: 1, CardState.SOLD: 2}
        assert books(merchant) == {(1100, 2200): 3998, (2200, 4100): 3998, (5100, 1400): 2400}
        codes = orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        assert len({code.secret for code in codes} & set(made.codes)) == 2
        events = queries.timeline(merchant_id=merchant, number=placed.number)
        assert [event.event for event in events] == [Event.PLACED, Event.PAID, Event.DELIVERED]

    def test_delivers_a_loop_card_to_everybody(self, merchant):
        made = make.sku(merchant, cards=0, stock_mode=StockMode.LOOP)
        make.stock(made, 1, loop=True)
        account = make.account(merchant)
        placed = [make.order(made, 2) for _ in range(3)]

        outcomes = orders.settle_notices(
            account=account, notices=[make.notice(order) for order in placed]
        )

        assert outcomes == [NoticeOutcome.SETTLED] * 3
        for order in placed:
            codes = orders.deliveries(merchant_id=merchant, number=order.number, actor=SYSTEM)
            assert [code.secret for code in codes] == made.codes * 2
        assert make.card_states(made) == {CardState.AVAILABLE: 1}

    def test_takes_cards_in_the_order_of_arrival(self, merchant):
        made = make.sku(merchant, cards=4, strategy=Strategy.FIRST_IN)
        account = make.account(merchant)
        got = []
        for _ in range(4):
            placed = make.order(made)
            orders.settle_notices(account=account, notices=[make.notice(placed)])
            got += orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)

        assert [code.secret for code in got] == made.codes


class TestCancel:
    def test_gives_the_cards_back(self, merchant):
        made = make.sku(merchant, cards=2)
        make.account(merchant)
        placed = make.order(made, 2)

        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=Actor("user"))
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=Actor("user"))

        assert make.card_states(made) == {CardState.AVAILABLE: 2}
        assert live_allocations(merchant) == 0
        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.CANCELLED
        assert view.lines[0].units == {UnitState.RELEASED: 2}

    def test_is_in_the_log_when_staff_do_it(self, merchant):
        made = make.sku(merchant)
        make.account(merchant)
        for kind in ("user", "buyer"):
            placed = make.order(made)
            orders.cancel_order(merchant_id=merchant, number=placed.number, actor=Actor(kind))

        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select actor_kind from audit_entry where action = 'orders.cancel'")
            assert cursor.fetchall() == [("user",)]

    def test_refuses_what_is_paid(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)
        orders.settle_notices(account=account, notices=[make.notice(placed)])

        with pytest.raises(NotNow):
            orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)

        assert make.card_states(made)[CardState.SOLD] == 1

    def test_does_not_see_another_merchants_order(self, merchant, other_merchant):
        made = make.sku(merchant)
        make.account(merchant)
        placed = make.order(made)

        with pytest.raises(UnknownOrder):
            orders.cancel_order(merchant_id=other_merchant, number=placed.number, actor=SYSTEM)
        with pytest.raises(UnknownOrder):
            queries.order(merchant_id=other_merchant, number=placed.number)

        assert make.card_states(made)[CardState.RESERVED] == 1
