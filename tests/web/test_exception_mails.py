"""O6, O8: buyers are reminded once; who is named by a level is told; changes are told to both."""

import pytest

from kacang.messages import queries as messages
from kacang.messages import rendering
from kacang.orders import queries as orders
from kacang.orders.exceptions import operations
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.exceptions.escalating import EscalationStep
from kacang.orders.exceptions.operations import Decider
from kacang.shared.contacts import Contact
from kacang.web.mails import exceptions as exception_mails
from tests import make
from tests.orders.exceptions.conftest import Shop
from tests.orders.exceptions.test_queue import LATER


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


def told(shop, event):
    rows = messages.log(merchant_id=shop.merchant, where=messages.MessageFilter(event=event)).rows
    return sorted((row.channel, row.recipient) for row in rows)


def order_id(shop, placed):
    (row,) = shop.queue(number=placed.number)
    return orders.order(merchant_id=shop.merchant, number=row.number).id


def test_O8_the_buyer_is_reminded_once_while_the_order_can_be_paid(shop):
    placed = make.order(shop.sku, contact=Contact(email="buyer@example.com"))
    shop.run(LATER, placed.number)
    shop.sync()
    known = order_id(shop, placed)

    for _ in range(2):
        exception_mails.remind_to_pay(merchant_id=shop.merchant, order_id=known)

    assert told(shop, "order.unpaid") == [("email", "buyer@example.com")]


def test_O6_each_level_is_told_once_to_whom_it_names(shop):
    shop.short()
    shop.sync()
    owner, operator = shop.person("owner"), shop.person("order_operator")
    steps = [EscalationStep(0, "order_operator"), EscalationStep(60, "owner")]
    operations.set_escalation(merchant_id=shop.merchant, steps=steps, actor=owner)
    (row,) = shop.queue()

    for _ in range(2):
        exception_mails.tell_escalated(merchant_id=shop.merchant, uid=row.uid, level=1)

    assert told(shop, "staff.escalated") == [("email", operator.label), ("in_app", "")]
    exception_mails.tell_escalated(merchant_id=shop.merchant, uid=row.uid, level=2)
    assert ("email", owner.label) in told(shop, "staff.escalated")


def test_O6_a_change_of_address_is_told_to_the_old_one_too(shop):
    placed = make.order(shop.sku, contact=Contact(email="old@example.com"))
    uid = operations.ask_change(
        merchant_id=shop.merchant,
        number=placed.number,
        wish=ChangeWish(email="new@example.com"),
        actor=shop.person(),
    )
    operations.decide_change(
        merchant_id=shop.merchant, uid=uid, approves=True, words="", by=Decider(shop.person())
    )

    exception_mails.tell_change(merchant_id=shop.merchant, uid=uid)

    assert told(shop, "order.changed") == [("email", "new@example.com")]
    assert told(shop, "order.contact_changed") == [("email", "old@example.com")]


def test_O8_deadlines_are_told_once_in_a_while(shop):
    for _ in range(2):
        exception_mails.tell_deadlines(
            merchant_id=shop.merchant, near=2, late=1, occasion="26112612"
        )

    assert told(shop, "staff.deadlines") == [("in_app", "")]


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
@pytest.mark.parametrize("is_made", ["yes", ""])
def test_a_mail_says_whether_the_change_was_made(language, is_made):
    words = {"is_made": is_made, "why": "WHY", "order": "1", "title": "t", "shop": "S"}

    mail = rendering.mail("order.changed", language, words)

    assert ("WHY" in mail.text) == (not is_made)
