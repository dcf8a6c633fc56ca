"""P4, L22: money goes back to where it came from, all or a part, once, and the books say so."""

import pytest
from django.db import connection

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import Event, OrderState, UnitState
from kacang.orders.refunding.types import (
    BadRefund,
    BadUnits,
    Cards,
    NothingLeft,
    OwnRefund,
    RefundReasonMissing,
    RefundStatus,
    RefundWay,
    RefundWish,
    WayNotOffered,
)
from kacang.payments.refunding import refund_lists
from kacang.shared.money import Money
from kacang.shared.states import WrongState
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import settle, spoil

OWNER = Actor(kind="user", id=1, label="owner@example.com")
CLERK = Actor(kind="user", id=2, label="clerk@example.com")
FINANCE = Actor(kind="user", id=3, label="finance@example.com")


def balance(merchant: int, account: Account) -> int:
    found = ledger.balances(merchant_id=merchant)
    return sum(line.amount.minor for line in found if line.account is account)


def paid(merchant: int, quantity: int = 1, *, cards: int = 5, cost: int = 700):
    made = make.sku(merchant, cards=cards, cost=cost)
    account = make.account(merchant)
    placed = make.order(made, quantity)
    settle(account, make.notice(placed))
    return made, account, placed


def ask(merchant: int, number: str, actor: Actor = OWNER, role: str = "owner", **fields):
    amount = fields.pop("minor", None)
    wish = RefundWish(
        amount=None if amount is None else Money(amount), reason=fields.pop("reason", "坏卡"),
        **{"way": RefundWay.BY_HAND, **fields},
    )  # fmt: skip
    return orders.request_refund(
        merchant_id=merchant, number=number, wish=wish, actor=actor, role=role
    )


def by_hand(merchant: int, number: str) -> None:
    orders.finish_by_hand(merchant_id=merchant, number=number, actor=FINANCE, note="支付宝转账")


def view(merchant: int, number: str):
    return queries.order(merchant_id=merchant, number=number)


def units_of(merchant: int, number: str) -> list[tuple[int, int]]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select u.line_id, u.unit_no from order_unit u join order_line l on l.id = u.line_id"
            " join sale_order o on o.id = l.order_id where o.number = %s order by 1, 2",
            [number],
        )
        return list(cursor.fetchall())


def unit_states(merchant: int, number: str) -> dict[UnitState, int]:
    return dict(view(merchant, number).lines[0].units)


def events(merchant: int, number: str) -> list[Event]:
    return [entry.event for entry in queries.timeline(merchant_id=merchant, number=number)]


class TestAsking:
    def test_the_whole_of_a_delivered_order_goes_back_by_hand(self, merchant):
        made, _, placed = paid(merchant)

        asked = ask(merchant, placed.number, cards=Cards.VOID,
                    units=tuple(units_of(merchant, placed.number)))  # fmt: skip

        assert asked.state is RefundStatus.APPROVED
        assert asked.amount == Money(1999)
        assert view(merchant, placed.number).state is OrderState.REFUNDING
        assert balance(merchant, Account.REFUNDS_DUE) == -1999
        by_hand(merchant, asked.numbers[0])
        assert view(merchant, placed.number).state is OrderState.REFUNDED
        assert make.card_states(made) == {CardState.AVAILABLE: 4, CardState.VOID: 1}
        assert balance(merchant, Account.REVENUE) == 0
        assert balance(merchant, Account.REFUNDS_DUE) == 0
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 1999
        assert balance(merchant, Account.CASH_AT_BANK) == -1999
        assert events(merchant, placed.number)[-3:] == [
            Event.REFUND_ASKED, Event.REFUND_APPROVED, Event.REFUND_DONE,
        ]  # fmt: skip

    def test_parts_go_back_until_nothing_is_left(self, merchant):
        _, _, placed = paid(merchant)

        for minor in (500, 1000):
            by_hand(merchant, ask(merchant, placed.number, minor=minor).numbers[0])
        assert view(merchant, placed.number).state is OrderState.DELIVERED
        with pytest.raises(NothingLeft):
            ask(merchant, placed.number, minor=500)
        last = ask(merchant, placed.number)

        assert last.amount == Money(499)
        by_hand(merchant, last.numbers[0])
        assert view(merchant, placed.number).state is OrderState.REFUNDED
        assert view(merchant, placed.number).refunded == Money(1999)
        with pytest.raises(NothingLeft):
            ask(merchant, placed.number)

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"reason": " "}, RefundReasonMissing),
            ({"reason": "x" * 301}, RefundReasonMissing),
            ({"minor": 2000}, NothingLeft),
            ({"minor": 0}, NothingLeft),
            ({"minor": -5}, BadRefund),
            ({"units": ((1, 1),)}, BadUnits),
            ({"way": RefundWay.OUTSIDE}, WayNotOffered),
        ],
    )
    def test_what_cannot_be_is_refused_and_changes_nothing(self, merchant, fields, error):
        _, _, placed = paid(merchant)

        with pytest.raises(error):
            ask(merchant, placed.number, **fields)

        order_id = view(merchant, placed.number).id
        assert refund_lists.refunds_of_order(merchant_id=merchant, order_id=order_id) == []
        assert Event.REFUND_ASKED not in events(merchant, placed.number)

    def test_an_unpaid_order_has_nothing_to_give_back(self, merchant):
        made = make.sku(merchant)
        make.account(merchant)

        with pytest.raises(NothingLeft):
            ask(merchant, make.order(made).number)

    def test_the_same_wish_twice_is_one(self, merchant):
        _, _, placed = paid(merchant)

        first, again = (ask(merchant, placed.number, minor=500, request_uid="w1") for _ in range(2))

        assert first == again
        assert balance(merchant, Account.REFUNDS_DUE) == -500

    def test_an_order_paid_in_parts_gives_back_of_each_receipt(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)
        for minor in (1000, 999):
            settle(account, make.notice(placed, amount=Money(minor)))

        asked = ask(merchant, placed.number, minor=1500)

        assert len(asked.numbers) == 2
        found = [refund_lists.refund(merchant_id=merchant, number=one) for one in asked.numbers]
        assert [one.amount.minor for one in found] == [1000, 500]
        assert len({one.receipt_id for one in found}) == 2


class TestReview:
    def test_above_the_threshold_somebody_else_approves(self, merchant):
        _, _, placed = paid(merchant)

        asked = ask(merchant, placed.number, CLERK, "customer_service")

        (number,) = asked.numbers
        assert asked.state is RefundStatus.REQUESTED
        assert view(merchant, placed.number).state is OrderState.DELIVERED
        assert balance(merchant, Account.REFUNDS_DUE) == 0
        with pytest.raises(OwnRefund):
            orders.approve_refund(
                merchant_id=merchant, number=number, actor=CLERK, role="customer_service"
            )
        orders.approve_refund(merchant_id=merchant, number=number, actor=FINANCE, role="finance")
        assert view(merchant, placed.number).state is OrderState.REFUNDING

    def test_many_small_ones_of_an_order_are_one_large_one(self, merchant):
        made = make.sku(merchant, price=120_000)
        account = make.account(merchant)
        placed = make.order(made)
        settle(account, make.notice(placed))

        states = [
            ask(merchant, placed.number, FINANCE, "finance", minor=60_000).state for _ in range(2)
        ]

        # Finance gives back 1,000 alone.
        assert states == [RefundStatus.APPROVED, RefundStatus.REQUESTED]

    def test_rejected_money_is_free_again(self, merchant):
        _, _, placed = paid(merchant)
        (number,) = ask(merchant, placed.number, CLERK, "customer_service").numbers
        with pytest.raises(NothingLeft):
            ask(merchant, placed.number, minor=1)

        orders.reject_refund(merchant_id=merchant, number=number, actor=FINANCE, reason="已使用")

        with pytest.raises(WrongState):
            orders.approve_refund(
                merchant_id=merchant, number=number, actor=FINANCE, role="finance"
            )
        assert ask(merchant, placed.number).amount == Money(1999)


class TestCards:
    def test_a_code_that_nobody_saw_is_sold_again(self, merchant):
        made, account, placed = paid(merchant, cards=1)

        ask(merchant, placed.number, cards=Cards.RETURN,
            units=tuple(units_of(merchant, placed.number)))  # fmt: skip

        assert make.card_states(made) == {CardState.AVAILABLE: 1}
        assert unit_states(merchant, placed.number) == {UnitState.REFUNDED: 1}
        assert balance(merchant, Account.COST_OF_SALES) == 0
        assert orders.deliveries(merchant_id=merchant, number=placed.number, actor=OWNER) == []
        again = make.order(made)
        settle(account, make.notice(again))
        (code,) = orders.deliveries(merchant_id=merchant, number=again.number, actor=OWNER)
        assert code.secret == made.codes[0]

    def test_L3_a_code_that_was_shown_becomes_void(self, merchant):
        made, _, placed = paid(merchant, cards=1)
        orders.deliveries(merchant_id=merchant, number=placed.number, actor=OWNER)

        ask(merchant, placed.number, cards=Cards.RETURN,
            units=tuple(units_of(merchant, placed.number)))  # fmt: skip

        assert make.card_states(made) == {CardState.VOID: 1}
        assert balance(merchant, Account.COST_OF_SALES) == 700

    def test_what_the_buyer_keeps_stays(self, merchant):
        made, _, placed = paid(merchant)

        by_hand(merchant, ask(merchant, placed.number).numbers[0])

        assert unit_states(merchant, placed.number) == {UnitState.DELIVERED: 1}
        (code,) = orders.deliveries(merchant_id=merchant, number=placed.number, actor=OWNER)
        assert code.secret in made.codes

    def test_one_of_three_goes_back_and_its_money(self, merchant):
        made, _, placed = paid(merchant, 3)

        ask(merchant, placed.number, minor=1999, cards=Cards.RETURN,
            units=tuple(units_of(merchant, placed.number)[1:2]))  # fmt: skip

        order = view(merchant, placed.number)
        assert order.state is OrderState.DELIVERED
        assert unit_states(merchant, placed.number) == {
            UnitState.DELIVERED: 2, UnitState.REFUNDED: 1,
        }  # fmt: skip
        assert make.card_states(made) == {CardState.AVAILABLE: 3, CardState.SOLD: 2}
        with pytest.raises(BadUnits):
            ask(merchant, placed.number, minor=1,
                units=tuple(units_of(merchant, placed.number)[1:2]))  # fmt: skip

    def test_what_is_short_is_refunded_and_the_rest_is_delivered_and_earned(self, merchant):
        made = make.sku(merchant, cards=3)
        account = make.account(merchant)
        placed = make.order(made, 3)
        spoil(merchant)
        settle(account, make.notice(placed))
        assert view(merchant, placed.number).state is OrderState.ON_HOLD
        short = [
            place for place in units_of(merchant, placed.number)
            if place not in {
                (code.line_id, code.unit_no)
                for code in orders.deliveries(
                    merchant_id=merchant, number=placed.number, actor=OWNER
                )
            }
        ]  # fmt: skip

        by_hand(merchant, ask(merchant, placed.number, minor=1999, units=tuple(short)).numbers[0])

        assert view(merchant, placed.number).state is OrderState.DELIVERED
        assert balance(merchant, Account.ADVANCE_FROM_BUYER) == 0
        assert balance(merchant, Account.REVENUE) == -2 * 1999
        make.stock(made, 5)
        assert orders.continue_waiting(merchant_id=merchant, sku_id=made.sku.pk) == 0

    def test_the_last_money_takes_what_was_not_delivered(self, merchant):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        placed = make.order(made)
        spoil(merchant)
        settle(account, make.notice(placed))

        by_hand(merchant, ask(merchant, placed.number).numbers[0])

        assert view(merchant, placed.number).state is OrderState.REFUNDED
        assert unit_states(merchant, placed.number) == {UnitState.REFUNDED: 1}
        assert balance(merchant, Account.ADVANCE_FROM_BUYER) == 0


class TestGivingUp:
    def test_what_was_taken_is_owed_again(self, merchant):
        made, _, placed = paid(merchant, cards=1)
        (number,) = ask(merchant, placed.number, cards=Cards.VOID,
                        units=tuple(units_of(merchant, placed.number))).numbers  # fmt: skip

        orders.drop_refund(merchant_id=merchant, number=number, actor=FINANCE, reason="买家撤回")

        order = view(merchant, placed.number)
        assert (order.state, order.hold_reason) == (OrderState.ON_HOLD, "refund_failed")
        assert balance(merchant, Account.ADVANCE_FROM_BUYER) == -1999
        assert balance(merchant, Account.REFUNDS_DUE) == balance(merchant, Account.REVENUE) == 0
        make.stock(made, 1)
        orders.replenish(merchant_id=merchant, number=placed.number, actor=OWNER)
        assert view(merchant, placed.number).state is OrderState.DELIVERED
        assert balance(merchant, Account.REVENUE) == -1999
        assert balance(merchant, Account.ADVANCE_FROM_BUYER) == 0

    def test_what_was_delivered_meanwhile_is_earned_after_all(self, merchant):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        placed = make.order(made)
        spoil(merchant)
        settle(account, make.notice(placed))
        (number,) = ask(merchant, placed.number, minor=999).numbers
        make.stock(made, 1)
        orders.replenish(merchant_id=merchant, number=placed.number, actor=OWNER)
        assert balance(merchant, Account.REVENUE) == -1000

        orders.drop_refund(merchant_id=merchant, number=number, actor=FINANCE, reason="协商")

        assert balance(merchant, Account.REVENUE) == -1999
        assert balance(merchant, Account.ADVANCE_FROM_BUYER) == 0

    def test_what_the_buyer_kept_is_delivered_again(self, merchant):
        _, _, placed = paid(merchant)
        (number,) = ask(merchant, placed.number).numbers

        orders.drop_refund(merchant_id=merchant, number=number, actor=FINANCE, reason="协商")

        assert view(merchant, placed.number).state is OrderState.DELIVERED
        assert balance(merchant, Account.REVENUE) == -1999
        assert view(merchant, placed.number).refunded == Money(0)


class TestSuspense:
    def second_payment(self, merchant):
        _, account, placed = paid(merchant)
        extra = make.notice(placed)
        settle(account, extra)
        return account, placed, extra

    def suspense(self, merchant, account, extra, **fields):
        wish = RefundWish(amount=fields.get("amount"), reason="重复付款", way=RefundWay.BY_HAND)
        return orders.request_suspense_refund(
            merchant_id=merchant, account_uid=account.uid, provider_number=extra.provider_number,
            wish=wish, actor=OWNER, role="owner",
        )  # fmt: skip

    def test_a_second_payment_goes_back_and_the_order_stays(self, merchant):
        account, placed, extra = self.second_payment(merchant)

        by_hand(merchant, self.suspense(merchant, account, extra).numbers[0])

        assert view(merchant, placed.number).state is OrderState.DELIVERED
        assert balance(merchant, Account.SUSPENSE) == 0
        assert balance(merchant, Account.REVENUE) == -1999
        with pytest.raises(NothingLeft):
            self.suspense(merchant, account, extra)

    def test_a_part_that_goes_back_makes_no_whole_any_more(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)
        part = make.notice(placed, amount=Money(1000))
        settle(account, part)

        self.suspense(merchant, account, part)
        settle(account, make.notice(placed, amount=Money(999)))

        assert view(merchant, placed.number).state is OrderState.PENDING
        assert make.card_states(made)[CardState.RESERVED] == 1
