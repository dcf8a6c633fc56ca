"""J2: from what happens in the shop to what another system hears of it."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from kacang.aftersales import operations as cases
from kacang.aftersales.types import Decision, Verdict
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.messages import outside
from kacang.messages.webhooks import operations
from kacang.messages.webhooks.operations import EndpointDraft
from kacang.orders import operations as orders
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.payments import queries as payments
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.web.mails import stock as stock_mails
from simulators.webhook_receiver import Receiver
from tests import make
from tests.aftersales.cases import Sold
from tests.aftersales.test_deciding import jobs
from tests.web.test_mails import run_news, settle


@pytest.fixture
def receiver(merchant) -> Iterator[Receiver]:
    payments.forget_accounts()
    outside.client.cache_clear()
    with Receiver() as made, override_settings(PRIVATE_NETWORKS_ALLOWED=["127.0.0.0/8"]):
        draft = EndpointDraft(f"{made.url}/in")
        made.secret = operations.add_endpoint(
            merchant_id=merchant, draft=draft, actor=SYSTEM
        ).secret
        yield made
    outside.client.cache_clear()


def heard(receiver: Receiver) -> list[str]:
    return [one.type for one in receiver.heard]


def test_a_sale_is_told_as_paid_and_delivered_once_without_codes_or_contact(merchant, receiver):
    account, made = make.account(merchant), make.sku(merchant)
    placed = make.order(made, contact=Contact(email="zhao@example.com"))
    notice = make.notice(placed)
    for _ in range(3):
        orders.settle_notices(account=account, notices=[notice])
        run_news(merchant)

    assert heard(receiver) == ["order.paid", "order.delivered"]
    told = receiver.heard[1].data
    assert (told["number"], told["state"], told["payable_minor"]) == (
        placed.number, "delivered", 1999,
    )  # fmt: skip
    assert told["lines"] == [{"sku_id": made.sku.uid, "quantity": 1}]
    said = b"".join(one.body for one in receiver.heard).decode()
    assert not any(code in said for code in made.codes)
    assert "zhao" not in said
    assert placed.access_token not in said


def test_what_waits_and_what_is_refunded(merchant, receiver):
    account, made = make.account(merchant), make.sku(merchant, cards=1)
    first, second = make.order(made), None
    orders.cancel_order(merchant_id=merchant, number=first.number, actor=SYSTEM)
    run_news(merchant)
    second = make.order(made)
    orders.settle_notices(account=account, notices=[make.notice(second)])
    settle(merchant, first)
    run_news(merchant)

    assert heard(receiver) == [
        "order.cancelled", "order.paid", "order.delivered", "order.paid", "order.on_hold",
    ]  # fmt: skip
    assert receiver.heard[-1].data["hold_reason"] == "late_payment"

    wish = RefundWish(Money(500), "坏卡", way=RefundWay.WALLET)
    merchants.change_settings(merchant_id=merchant, values={"refund_alone_api": 100}, actor=SYSTEM)
    orders.request_refund(
        merchant_id=merchant, number=second.number, wish=wish, actor=SYSTEM, role="api"
    )
    run_news(merchant)
    assert heard(receiver)[-1] == "order.refunded"
    assert receiver.heard[-1].data["refund"]["amount_minor"] == 500


def test_an_order_without_a_mail_address_is_told_as_cancelled_too(merchant, receiver):
    make.account(merchant)
    placed = make.order(make.sku(merchant), contact=Contact(phone="+8613800138000"))
    orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)
    run_news(merchant)

    assert heard(receiver) == ["order.cancelled"]


def test_L20_low_stock_is_told_once_a_crossing(merchant, receiver):
    make.sku(merchant, cards=2, low_stock_at=5)
    for _ in range(3):
        stock_mails.tell_low_stock(merchant_id=merchant)
        run_news(merchant)

    assert heard(receiver) == ["stock.low"]
    assert receiver.heard[0].data["available"] == 2


def test_no_job_is_made_for_who_does_not_listen(merchant, other_merchant, receiver):
    account, made = make.account(other_merchant), make.sku(other_merchant)
    orders.settle_notices(account=account, notices=[make.notice(make.order(made))])

    assert not any(job.startswith("webhooks.") for job in run_news(other_merchant))
    assert receiver.calls == []


def test_X1_cases_are_told_without_what_was_said(merchant, receiver):
    sold = Sold(merchant, 1, contact=Contact(email="zhao@example.com"))
    run_news(merchant)
    del receiver.heard[:]

    uid = sold.open(text="卡密 SECRET-77 无效")
    run_news(merchant)
    cases.answer(**sold.theirs(uid), text="请发截图 SECRET-78", waits=True)
    run_news(merchant)
    cases.decide(
        **sold.theirs(uid), verdict=Verdict(Decision.REJECT, "已使用 SECRET-79"), role="owner"
    )
    run_news(merchant)

    assert heard(receiver) == ["case.opened", "case.updated", "case.decided"]
    told = receiver.heard[-1].data
    assert (told["id"], told["order"], told["state"], told["decision"]) == (
        uid, sold.number, "decided", "reject",
    )  # fmt: skip
    said = b"".join(one.body for one in receiver.heard).decode()
    assert "SECRET" not in said
    assert "zhao" not in said


def test_without_an_address_no_job_is_made_for_cases(merchant):
    sold = Sold(merchant, 1)
    sold.open()

    assert jobs(merchant) == ["aftersales.tell_opened"]
    assert jobs(merchant, "webhooks.%") == []
