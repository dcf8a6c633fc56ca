"""P4: what the sandbox tells of a refund, at our door: signed it counts, forged it does not."""

import pytest
from django.db import connection
from django.test import Client

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import OrderState
from kacang.orders.refunding.asking import RULE
from kacang.orders.refunding.types import RefundStatus, RefundWish
from kacang.payments.adapters.sandbox import SECRET
from kacang.payments.companies import plain_messages
from kacang.payments.queries import forget_accounts
from kacang.payments.refunding import refund_lists
from kacang.shared.clock import utc_now
from tests import make
from tests.orders.looking import settle


@pytest.fixture
def account(merchant):
    forget_accounts()
    return make.account(merchant)


@pytest.fixture
def sent(merchant, account):
    """A refund that the company may know of."""
    placed = make.order(make.sku(merchant))
    settle(account, make.notice(placed))
    (number,) = orders.request_refund(
        merchant_id=merchant, number=placed.number, wish=RefundWish(None, "坏卡"), actor=SYSTEM,
        role=RULE,
    ).numbers  # fmt: skip
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("update refund set state = 2 where number = %s", [number])
    return refund_lists.refund(merchant_id=merchant, number=number), placed


def bring(account, message, body: bytes) -> int:
    address = f"/callbacks/payments/sandbox/{account.uid}"
    headers = dict(message.headers)
    answer = Client().post(address, body, content_type="application/json", headers=headers)
    return answer.status_code


def test_a_signed_message_is_taken_in_and_a_forged_one_is_not(merchant, account, sent):
    refund, placed = sent
    said = {
        "id": "evt_r1", "refund_id": refund.number, "payment_id": refund.payment_number,
        "provider_number": "sbr_1", "amount_minor": 1999, "currency": "CNY", "status": "refunded",
    }  # fmt: skip
    message = plain_messages.written(account.secrets[SECRET][0], said, utc_now())

    assert bring(account, message, message.body.replace(b"1999", b"1000")) == 401
    before = refund_lists.refund(merchant_id=merchant, number=refund.number)
    assert before.state is RefundStatus.SENT
    assert [bring(account, message, message.body) for _ in range(2)] == [200, 200]

    after = refund_lists.refund(merchant_id=merchant, number=refund.number)
    assert (after.state, after.provider_ref) == (RefundStatus.DONE, "sbr_1")
    order = queries.order(merchant_id=merchant, number=placed.number)
    assert order.state is OrderState.REFUNDED
