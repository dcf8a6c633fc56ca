"""Refunds at the desk: asked for from the order, decided in the queue (P4, L22)."""

import re

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.refunding.queries import refundable_order
from kacang.orders.refunding.types import RefundStatus, RefundWay, RefundWish
from kacang.orders.types import OrderState
from kacang.payments.refunding import refund_lists
from kacang.shared.money import Money
from tests import make
from tests.orders.looking import settle
from tests.web.console.conftest import work_as


@pytest.fixture
def number(merchant) -> str:
    made = make.sku(merchant)
    account = make.account(merchant)
    placed = make.order(made, 2)
    settle(account, make.notice(placed))
    return placed.number


def refunds(merchant: int, number: str):
    order = queries.order(merchant_id=merchant, number=number)
    return refund_lists.refunds_of_order(merchant_id=merchant, order_id=order.id)


def fields(page: str) -> dict[str, str]:
    (uid,) = set(re.findall(r'name="request_uid" value="(rfd_\w+)"', page))
    return {"request_uid": uid}


def form(merchant: int, number: str, **changes) -> dict[str, object]:
    units = refundable_order(merchant_id=merchant, number=number).units
    return {
        "amount": "19.99", "units": [units[0].place], "cards": "return", "way": "by_hand",
        "reason": "坏卡", **changes,
    }  # fmt: skip


def asked(merchant: int, number: str, minor: int = 500, way: RefundWay = RefundWay.BY_HAND) -> str:
    wish = RefundWish(Money(minor), "坏卡", way=way)
    done = orders.request_refund(
        merchant_id=merchant, number=number, wish=wish, actor=SYSTEM, role="api"
    )
    return done.numbers[0]


class TestAsking:
    def test_P4_shows_what_is_left_then_what_will_happen_then_does_it(
        self, merchant, owner, number
    ):
        address = f"/console/orders/{number}/refund/"
        page = owner.get(address).content.decode()
        assert "¥39.98" in page
        wish = form(merchant, number, **fields(page))

        sure = owner.post(address, wish).content.decode()
        assert "Give ¥19.99 back" in sure
        assert refunds(merchant, number) == []
        first = owner.post(address, {**wish, "step": "do"})
        owner.post(address, {**wish, "step": "do"})

        assert first.status_code == 302
        (refund,) = refunds(merchant, number)
        assert (refund.amount, refund.state) == (Money(1999), RefundStatus.APPROVED)
        shown = owner.get(f"/console/orders/{number}/").content.decode()
        assert "Given back or approved" in shown

    @pytest.mark.parametrize(
        "change",
        [
            {"amount": "1000"}, {"amount": "viel"}, {"amount": "-1"}, {"reason": ""},
            {"units": ["1:1"]}, {"way": "outside"}, {"cards": "burn"},
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_said_and_not_done(self, merchant, owner, number, change):
        address = f"/console/orders/{number}/refund/"
        wish = form(merchant, number, **fields(owner.get(address).content.decode()))

        answer = owner.post(address, {**wish, **change, "step": "do"})

        assert answer.status_code == 422
        assert refunds(merchant, number) == []

    def test_is_for_those_who_may(self, merchant, work, number):
        assert work("warehouse").get(f"/console/orders/{number}/refund/").status_code == 403
        assert work("warehouse").get("/console/refunds/").status_code == 403


class TestQueue:
    def test_customer_service_asks_and_finance_decides(self, merchant, work, number):
        address = f"/console/orders/{number}/refund/"
        service, finance = work("customer_service"), work("finance")
        wish = form(merchant, number, **fields(service.get(address).content.decode()))
        service.post(address, {**wish, "step": "do"})
        (refund,) = refunds(merchant, number)
        assert refund.state is RefundStatus.REQUESTED
        assert service.post(f"/console/refunds/{refund.number}/approve/").status_code == 403

        page = finance.get("/console/refunds/?state=requested").content.decode()
        assert refund.number in page
        assert "Approve ¥19.99" in page
        finance.post(f"/console/refunds/{refund.number}/approve/")
        finance.post(f"/console/refunds/{refund.number}/by_hand/", {"text": "银行转账"})

        (refund,) = refunds(merchant, number)
        assert refund.state is RefundStatus.DONE
        assert queries.order(merchant_id=merchant, number=number).state is OrderState.DELIVERED

    def test_a_decision_without_a_word_is_refused(self, merchant, owner, number):
        refund = asked(merchant, number)

        owner.post(f"/console/refunds/{refund}/reject/", {"text": " "})

        assert refunds(merchant, number)[0].state is RefundStatus.REQUESTED

    def test_each_view_has_its_own(self, merchant, owner, number):
        waits = asked(merchant, number)
        done = asked(merchant, number)
        orders.approve_refund(merchant_id=merchant, number=done, actor=SYSTEM, role="rule")

        page = owner.get("/console/refunds/?state=by_hand").content.decode()

        assert done in page
        assert waits not in page
        assert waits in owner.get(f"/console/refunds/?q={waits}").content.decode()

    def test_I2_somebody_elses_refund_is_not_decided(self, merchant, other_merchant, number):
        refund = asked(merchant, number)

        work_as(other_merchant).post(f"/console/refunds/{refund}/approve/")

        assert refunds(merchant, number)[0].state is RefundStatus.REQUESTED


class TestSuspense:
    def test_what_fits_nothing_is_given_back_from_its_list(self, merchant, owner):
        made = make.sku(merchant)
        account = make.account(merchant)
        extra = make.notice(make.order(made), amount=Money(1))
        settle(account, extra)
        page = owner.get("/console/payments/suspense/").content.decode()
        assert "Give this money back?" in page

        owner.post(
            "/console/payments/suspense/refund/",
            {"account": account.uid, "number": extra.provider_number, "way": "by_hand",
             "reason": "付错"},
        )  # fmt: skip

        (refund,) = refund_lists.refunds_page(
            merchant_id=merchant, where=refund_lists.RefundFilter()
        ).rows
        assert (refund.state, refund.fits) == (RefundStatus.APPROVED, False)
