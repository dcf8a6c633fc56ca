"""P2, L2, L8, L9: Stripe and the shop over HTTP alone, by the real door for messages."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment
from kacang.payments import operations
from kacang.payments.companies.registry import provider
from kacang.payments.ports import AccountInfo, PaymentRef, RefundAsked
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.company import Deed, Mood, tell
from simulators.payments.stripe import StripeCompany, account
from tests.payments.stripe_company import KEYS
from tests.web.companies.afterwards import BillContract, RefundContract
from tests.web.companies.contract import (
    MisbehaviourContract,
    enabled,
    fits,
    forgeries,
    state_of,
)


@dataclass
class StripeTill:
    account: AccountInfo
    stripe: StripeCompany
    taken: bytes = b'{"ok": true}'

    @property
    def mood(self) -> Mood:
        return self.stripe.mood

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        return self.stripe.act(self.stripe.session_of(opened.payment_id), deed)

    def deliver(self) -> list[tuple[int, bytes]]:
        return self.stripe.deliver()

    def finish_refunds(self) -> None:
        self.stripe.finish_refunds()

    def given_back(self, opened: OpenPayment) -> int:
        return self.stripe.session_of(opened.payment_id).refunded

    def make_older(self, opened: OpenPayment, by: timedelta) -> None:
        self.stripe.session_of(opened.payment_id).paid_at -= int(by.total_seconds())


@pytest.fixture
def till(merchant, installation):
    with StripeCompany(KEYS) as company:
        needed = account(KEYS, company.url)
        made = enabled(
            merchant,
            operations.NewAccount(
                provider="stripe",
                name="Stripe",
                secrets=needed["secrets"],
                options=needed["options"],
            ),
        )
        company.callback_url = f"{installation}/callbacks/payments/stripe/{made.uid}"
        yield StripeTill(made, company)


class TestMisbehaviour(MisbehaviourContract):
    def event(
        self, till: StripeTill, opened, kind="checkout.session.completed", **changes
    ) -> bytes:
        session = till.stripe.session_of(opened.payment_id)
        said = {**session.shown("paid"), "payment_intent": session.intent, **changes}
        return till.stripe.event(kind, said)

    def test_L9_a_message_changed_or_old(self, merchant, till, placed, opened):
        body = self.event(till, opened)
        url, headers = till.stripe.callback_url, till.stripe.signed(body)
        old = till.stripe.signed(body, stamp=int(time.time()) - 301)
        other = json.dumps(json.loads(body)).encode()

        statuses = [
            tell(url, body.replace(b"1999", b"9999"), headers)[0],
            tell(url, other, headers)[0],  # the same, written anew
            tell(url, body, old)[0],
            tell(url, body, {"content-type": "application/json"})[0],
        ]

        assert statuses == [401] * 4
        assert forgeries(merchant) == 4
        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    @pytest.mark.parametrize(
        "changes", [{"amount_total": 0}, {"amount_total": -1}, {"currency": "xxx"}]
    )
    def test_L9_money_of_nothing(self, merchant, till, placed, opened, changes):
        ((status, _),) = till.stripe.send(self.event(till, opened, **changes))

        assert status == 400
        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_L9_another_merchants_stripe_at_our_door(self, merchant, till, placed, opened):
        body = self.event(till, opened)
        till.stripe.webhook_secrets = ["whsec_another_merchants_own"]

        ((status, _),) = till.stripe.send(body)

        assert (status, fits(merchant)) == (401, [])
        assert state_of(merchant, placed) is OrderState.PENDING

    @pytest.mark.parametrize("succeeds", [True, False])
    def test_P2_money_that_comes_later(self, merchant, till, placed, opened, stocked, succeeds):
        session = till.stripe.session_of(opened.payment_id)

        answers = till.stripe.act_slowly(session, succeeds=succeeds)

        assert answers == [(200, till.taken)] * 2
        if succeeds:
            assert self.delivered_once(merchant, placed, stocked)
        else:
            assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_P4_the_news_of_refunds_are_no_second_payment(
        self, merchant, till, placed, opened, stocked
    ):
        till.act(opened, Deed.PAY)
        session = till.stripe.session_of(opened.payment_id)
        ref = PaymentRef(opened.payment_id, opened.amount, session.id)
        asked = RefundAsked("Ref1", ref, session.intent, Money(500))
        provider("stripe").refund(till.account, asked, utc_now())

        answers = till.deliver() + till.stripe.refund_by_hand(session, 100)

        assert answers == [(200, till.taken)] * 4
        assert self.delivered_once(merchant, placed, stocked)
        # Both were made without us, and both are counted.
        order = order_queries.order(merchant_id=merchant, number=placed.number)
        assert order.refunded == Money(600)

    def test_P1_a_person_pays_at_the_page(self, merchant, till, placed, opened, stocked):
        with httpx.Client(trust_env=False) as browser:
            page = browser.get(opened.pay_url)
            assert "CNY 19.99" in page.text
            after = browser.post(opened.pay_url, data={"deed": "pay"})

        assert "complete, paid" in after.text
        assert self.delivered_once(merchant, placed, stocked)


class TestGivingBack(RefundContract):
    """Money that goes back."""


class TestBills(BillContract):
    """Bills, by reconciliation."""
