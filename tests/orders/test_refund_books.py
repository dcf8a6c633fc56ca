"""F1, P4: whatever is asked, refused, paid or told, the books are receipts less refunds."""

import secrets
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.merchants.audit import Actor
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import OrderState, UnitState
from kacang.orders.refunding.types import (
    BadUnits,
    Cards,
    NothingLeft,
    RefundStatus,
    RefundWay,
    RefundWish,
)
from kacang.payments.ports import RefundNotice, RefundState
from kacang.payments.queries import forget_accounts
from kacang.payments.refunding import refund_lists
from kacang.shared.money import Money
from kacang.vault import operations as vault
from tests import make
from tests.orders.looking import settle, spoil

WHO = Actor(kind="user", id=1, label="p@example.com")
OTHER = Actor(kind="user", id=2, label="q@example.com")
LIVE = (
    RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.DONE,
    RefundStatus.FAILED,
)  # fmt: skip
DUE = (RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.FAILED)
PRICE = 1000


class Refunds(RuleBasedStateMachine):
    """Two orders of three cards, of which the second one is short of some."""

    def __init__(self) -> None:
        super().__init__()
        forget_accounts()
        self.merchant = open_merchant(
            slug=f"r-{secrets.token_hex(6)}", name="退款", kind=MerchantKind.DEMO
        )
        self.made = make.sku(self.merchant, cards=6, price=PRICE, cost=400)
        self.account = make.account(self.merchant)
        self.placed = [make.order(self.made, 3) for _ in range(2)]
        spoil(self.merchant, 2)
        for order in self.placed:
            settle(self.account, make.notice(order))
        # One of them was paid twice.
        settle(self.account, make.notice(self.placed[0]))
        self.received = 3 * 3 * PRICE

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def refunds(self, *states: RefundStatus):
        found = refund_lists.refunds_page(
            merchant_id=self.merchant, where=refund_lists.RefundFilter(), limit=500
        ).rows
        return [one for one in found if not states or one.state in states]

    def one(self, draw: int, *states: RefundStatus):
        found = self.refunds(*states)
        return found[draw % len(found)] if found else None

    @rule(
        order=st.integers(0, 1),
        minor=st.one_of(st.none(), st.integers(1, 3 * PRICE)),
        units=st.sets(st.integers(1, 3)),
        cards=st.sampled_from(Cards),
        way=st.sampled_from([RefundWay.ORIGIN, RefundWay.BY_HAND, RefundWay.WALLET]),
        role=st.sampled_from(["owner", "customer_service"]),
    )
    def ask(self, order: int, minor: int | None, units: set[int], **fields: Any) -> None:
        number = self.placed[order].number
        line = queries.order(merchant_id=self.merchant, number=number).lines[0].id
        role = fields.pop("role")
        wish = RefundWish(
            None if minor is None else Money(minor), "坏卡",
            units=tuple((line, unit) for unit in sorted(units)), **fields,
        )  # fmt: skip
        try:
            orders.request_refund(
                merchant_id=self.merchant, number=number, wish=wish, actor=WHO, role=role
            )
        except (NothingLeft, BadUnits):
            return

    @rule(
        minor=st.integers(1, 3 * PRICE),
        way=st.sampled_from([RefundWay.ORIGIN, RefundWay.WALLET]),
    )
    def ask_for_what_was_paid_twice(self, minor: int, way: RefundWay) -> None:
        (name,) = self.rows("select provider_number from receipt where fit = 3")[0]
        wish = RefundWish(Money(minor), "重复付款", way=way)
        try:
            orders.request_suspense_refund(
                merchant_id=self.merchant, account_uid=self.account.uid, provider_number=name,
                wish=wish, actor=WHO, role="owner",
            )  # fmt: skip
        except NothingLeft:
            return

    @rule()
    def the_rule_gives_back_what_was_paid_twice(self) -> None:
        (receipt,) = self.rows("select id from receipt where fit = 3")[0]
        orders.refund_second(merchant_id=self.merchant, receipt_id=receipt)

    @rule(draw=st.integers(0, 50), approves=st.booleans())
    def decide(self, draw: int, approves: bool) -> None:  # noqa: FBT001 - drawn
        refund = self.one(draw, RefundStatus.REQUESTED)
        if refund is None:
            return
        named = {"merchant_id": self.merchant, "number": refund.number, "actor": OTHER}
        if approves:
            orders.approve_refund(**named, role="finance")
        else:
            orders.reject_refund(**named, reason="不同意")

    @rule(draw=st.integers(0, 50), state=st.sampled_from(RefundState), same=st.booleans())
    def company_says(self, draw: int, state: RefundState, same: bool) -> None:  # noqa: FBT001
        refund = self.one(draw)
        if refund is None or refund.state is RefundStatus.REQUESTED or not refund.payment_number:
            return
        if refund.way in (RefundWay.BY_HAND, RefundWay.WALLET):
            return
        self.send(refund)
        notice = RefundNotice(
            notice_id=f"n-{refund.number}-{state.value}" if same else secrets.token_hex(8),
            refund_number=refund.number,
            provider_number=f"r-{refund.number}",
            payment_number=refund.payment_number,
            amount=refund.amount,
            state=state,
            raw="{}",
        )
        orders.settle_refund_notice(account=self.account, notice=notice)

    def send(self, refund) -> None:
        """What the call's first half does: committed as sent."""
        if refund.state is RefundStatus.APPROVED:
            with acting_as(self.merchant), connection.cursor() as cursor:
                cursor.execute("update refund set state = 2 where id = %s", [refund.id])

    @rule(minor=st.integers(1, 3 * PRICE), order=st.integers(0, 1))
    def company_gives_back_by_itself(self, minor: int, order: int) -> None:
        payment = self.placed[order].payment
        assert payment is not None
        notice = RefundNotice(
            notice_id=secrets.token_hex(8), refund_number="",
            provider_number=secrets.token_hex(6), payment_number=payment.payment_id,
            amount=Money(minor), state=RefundState.DONE, raw="{}",
        )  # fmt: skip
        orders.settle_refund_notice(account=self.account, notice=notice)

    @rule(draw=st.integers(0, 50), deed=st.sampled_from(["by_hand", "retry", "drop"]))
    def follow_up(self, draw: int, deed: str) -> None:
        refund = self.one(draw, RefundStatus.FAILED)
        if refund is None:
            return
        named = {"merchant_id": self.merchant, "number": refund.number, "actor": OTHER}
        if deed == "by_hand":
            orders.finish_by_hand(**named, note="转账")
        elif deed == "retry":
            orders.retry_refund(**named)
        else:
            orders.drop_refund(**named, reason="算了")

    @rule(draw=st.integers(0, 50), pays=st.booleans())
    def settle_by_hand(self, draw: int, pays: bool) -> None:  # noqa: FBT001 - drawn
        found = [one for one in self.refunds(RefundStatus.APPROVED) if one.way is RefundWay.BY_HAND]
        if not found:
            return
        named = {
            "merchant_id": self.merchant,
            "number": found[draw % len(found)].number,
            "actor": OTHER,
        }
        if pays:
            orders.finish_by_hand(**named, note="转账")
        else:
            orders.drop_refund(**named, reason="算了")

    @rule(order=st.integers(0, 1))
    def look_at_codes(self, order: int) -> None:
        orders.deliveries(merchant_id=self.merchant, number=self.placed[order].number, actor=WHO)

    @rule()
    def stock_comes(self) -> None:
        make.stock(self.made, 1)
        orders.continue_waiting(merchant_id=self.merchant, sku_id=self.made.sku.pk)

    @invariant()
    def books_are_receipts_less_refunds(self) -> None:
        held = ledger.balances(merchant_id=self.merchant)
        stands = dict.fromkeys(Account, 0)
        for line in held:
            stands[line.account] += line.amount.minor
        gone = sum(one.amount.minor for one in self.refunds(RefundStatus.DONE))
        due = sum(one.amount.minor for one in self.refunds(*DUE))
        done = self.refunds(RefundStatus.DONE)
        kept = sum(one.amount.minor for one in done if one.way is RefundWay.WALLET)
        assert stands[Account.WALLET] == -kept
        cash = stands[Account.CASH_AT_PROVIDER] + stands[Account.CASH_AT_BANK]
        # What has gone into a wallet is owed there, and still in the house.
        assert cash == self.received - gone + kept
        assert stands[Account.REFUNDS_DUE] == -due
        suspended = [one for one in self.refunds(*DUE, RefundStatus.DONE) if not one.fits]
        assert stands[Account.SUSPENSE] == sum(one.amount.minor for one in suspended) - 3 * PRICE
        refunded = sum(minor for (minor,) in self.rows("select refund_minor from sale_order"))
        earned = stands[Account.REVENUE] + stands[Account.ADVANCE_FROM_BUYER]
        assert earned == refunded - 2 * 3 * PRICE
        # What is advanced is that of orders that are not delivered.
        advanced = self.rows(
            "select coalesce(sum(payable_minor - refund_minor), 0)::bigint from sale_order"
            " where delivered_at is null"
        )
        assert stands[Account.ADVANCE_FROM_BUYER] == -advanced[0][0]

    @invariant()
    def receipts_and_orders_know_what_goes_back(self) -> None:
        wrong = self.rows(
            "select r.id from receipt r where r.back_minor <>"
            " (select coalesce(sum(amount_minor), 0) from refund f"
            " where f.receipt_id = r.id and f.state in (0, 1, 2, 3, 4))"
        )
        assert wrong == []
        wrong = self.rows(
            "select o.id from sale_order o where o.refund_minor <> (select"
            " coalesce(sum(amount_minor), 0) from refund f where f.order_id = o.id and f.fits"
            " and f.state in (1, 2, 3, 4))"
        )
        assert wrong == []

    @invariant()
    def orders_are_where_their_money_is(self) -> None:
        for placed in self.placed:
            order = queries.order(merchant_id=self.merchant, number=placed.number)
            is_whole = order.refunded == order.payable
            assert is_whole == (order.state in (OrderState.REFUNDING, OrderState.REFUNDED))
            lacks = UnitState.SHORT in order.lines[0].units
            assert lacks == (order.state is OrderState.ON_HOLD)
            assert order.delivered_at is not None or lacks or is_whole
        assert orders.check_references(merchant_id=self.merchant) == []

    @invariant()
    def cards_are_where_they_are_said_to_be(self) -> None:
        found = vault.check_references(merchant_id=self.merchant)
        assert [one for one in found if one.count] == []


TestRefunds = pytest.mark.slow(Refunds.TestCase)
TestRefunds.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
