"""L5: however the shop hears of money, the same happens: one settle for all ways in."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from kacang.ledger import queries as ledger
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.payments import queries
from kacang.payments.adapters.sandbox import Sandbox
from kacang.payments.companies import registry
from kacang.payments.messages import IncomingMessage, VerifiedNotice
from kacang.payments.models import Notice, NoticeOutcome, Payment
from tests import make


@pytest.fixture
def stocked(merchant, account, sandbox, monkeypatch):
    monkeypatch.setattr(registry, "providers", lambda: {"sandbox": sandbox})
    return make.sku(merchant, cost=500)


def by_notice(merchant, account, cashier, sandbox: Sandbox, placed) -> None:
    """A company's signed message."""
    charge = cashier.books.charge(placed.payment.payment_id, 1999, "CNY")
    body = json.dumps(charge.message("paid")).encode()
    headers = cashier.signed("evt_1", body)
    notice = sandbox.read_notice(
        account, IncomingMessage(headers=headers, body=body), datetime.now(UTC)
    )
    assert isinstance(notice, VerifiedNotice)
    orders.settle_notices(account=account, notices=[notice])


def by_question(merchant, account, cashier, sandbox, placed) -> None:
    """An answer to our question, when the message was lost."""
    cashier.pay(placed.payment.payment_id, 1999, "CNY", "lose")
    with acting_as(merchant):
        payment = Payment.objects.get(number=placed.payment.payment_id)
        Payment.objects.filter(id=payment.pk).update(
            ask_at=datetime.now(UTC) - timedelta(seconds=1)
        )
    orders.ask_about(merchant_id=merchant, payment_id=payment.pk)


def by_second_try(merchant, account, cashier, sandbox, placed) -> None:
    """A message that was stored, but not acted on at the time."""
    notice = make.notice(placed)
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "insert into notice (merchant_id, account_id, notice_id, payment_number,"
            " provider_number, amount_minor, currency, is_final, raw, received_at)"
            " values (%s::bigint, %s::bigint, %s::text, %s::text, %s::text, 1999, 'CNY', true,"
            " '{}', clock_timestamp() - interval '1 minute')",
            [merchant, account.id, notice.notice_id, notice.payment_number, notice.provider_number],
        )
    orders.settle_waiting(most=10_000)


WAYS = [by_notice, by_question, by_second_try]


def outcome(merchant: int, placed) -> dict[str, Any]:
    """Everything that an order leaves behind, without what names it."""
    order = order_queries.order(merchant_id=merchant, number=placed.number)
    receipts = queries.receipts_of_order(merchant_id=merchant, order_id=order.id)
    events = order_queries.timeline(merchant_id=merchant, number=placed.number)
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select kind from outbox where merchant_id = %s::bigint", [merchant])
        news = sorted(row[0] for row in cursor.fetchall())
        outcomes = list(Notice.objects.filter(merchant_id=merchant).values_list("outcome"))
    return {
        "state": order.state.name,
        "money": [(one.amount, one.fit) for one in receipts],
        "events": [event.event.name for event in events],
        "books": sorted(
            (line.account.name, line.amount.minor) for line in ledger.balances(merchant_id=merchant)
        ),
        "news": news,
        "outcomes": outcomes,
    }


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_L5_every_way_in_does_the_whole(merchant, account, cashier, sandbox, stocked, way):
    placed = make.order(stocked)

    way(merchant, account, cashier, sandbox, placed)

    done = outcome(merchant, placed)
    assert done["state"] == "DELIVERED"
    assert [(amount.minor, fit) for amount, fit in done["money"]] == [(1999, 0)]
    assert done["books"] == [
        ("CASH_AT_PROVIDER", 1999),
        ("COST_OF_SALES", 500),
        ("INVENTORY", -500),
        ("REVENUE", -1999),
    ]
    assert done["news"] == ["orders.delivered"]
    assert done["outcomes"] == [(NoticeOutcome.SETTLED,)]
    assert [name for name in done["events"] if name in ("PAID", "DELIVERED")] in (
        ["PAID", "DELIVERED"],
        ["DELIVERED", "PAID"],
    )
