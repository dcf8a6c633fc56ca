"""O6: what a buyer gave is changed only when somebody else approves it, and that is recorded."""

import pytest
from django.db import connection

from kacang.catalog.forms import BadAnswer
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.errors import NotNow
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.change_types import (
    ASKED_MAX,
    ChangeDecided,
    ChangeWaits,
    ChangeWish,
    NothingChanges,
    OwnChange,
    TooManyChanges,
    UnknownChange,
)
from kacang.orders.exceptions.queries import ChangeState, Kind
from kacang.orders.exceptions.types import WordsMissing
from kacang.orders.models import Event
from kacang.shared.contacts import BadEmail
from tests import make
from tests.orders.looking import settle

BUYER = Actor(kind="buyer")
QUESTIONS = [
    {"name": "account", "label": {"zh-Hans": "游戏账号"}, "kind": "number", "required": True},
    {"name": "password", "label": {"zh-Hans": "密码"}, "kind": "text", "secret": True},
]
ANSWERS = {"account": "10086", "password": "old-Secret-1"}


@pytest.fixture
def waiting(shop):
    """An order that waits for stock, with answers."""
    shop.sku = make.sku(shop.merchant, cards=0, form_fields=QUESTIONS)
    make.stock(shop.sku, 1)
    placed = make.order(shop.sku, form=ANSWERS)
    shop.run("update card set state = 6, reserved_until = null, line_id = null where state = 1")
    shop.run("update allocation set released_at = now() where released_at is null")
    settle(shop.account, make.notice(placed))
    return placed


def ask(shop, placed, actor=BUYER, **wish):
    return operations.ask_change(
        merchant_id=shop.merchant, number=placed.number, wish=ChangeWish(**wish), actor=actor
    )


def decide(shop, uid, actor, *, approves=True, words="", is_owner=False):
    return operations.decide_change(
        merchant_id=shop.merchant,
        uid=uid,
        approves=approves,
        words=words,
        by=operations.Decider(actor, is_owner=is_owner),
    )


def order(shop, placed):
    return order_queries.order(merchant_id=shop.merchant, number=placed.number)


def test_nothing_changes_until_somebody_approves_it(shop, waiting):
    uid = ask(shop, waiting, email="New@example.com", answers={"account": "10010"}, reason="填错")

    assert (waiting.number, Kind.ADDRESS) in shop.kinds()
    assert order(shop, waiting).form == {"account": "10086"}

    decide(shop, uid, shop.person())

    found = order(shop, waiting)
    assert found.contact.email == "new@example.com"
    assert found.form == {"account": "10010"}
    assert (waiting.number, Kind.ADDRESS) not in shop.kinds()
    assert (waiting.number, Kind.ADDRESS, "decided") in shop.closed()
    told = shop.events(waiting.number)
    assert Event.CHANGE_ASKED in told
    assert Event.CHANGE_DECIDED in told


def test_a_secret_answer_is_sealed_all_the_way(shop, waiting):
    uid = ask(shop, waiting, answers={"password": "new-Secret-2"})
    with acting_as(shop.merchant), connection.cursor() as cursor:
        cursor.execute("select changes::text, sealed from change_request where uid = %s", [uid])
        changes, sealed = cursor.fetchone()
    assert "new-Secret-2" not in changes
    assert b"new-Secret-2" not in bytes(sealed)

    decide(shop, uid, shop.person())

    person = shop.person()
    found = orders.secret_form(
        merchant_id=shop.merchant, number=waiting.number, actor=person, reason="核对"
    )
    assert found == {"password": "new-Secret-2"}
    opened = cipher_for(shop.merchant).open("change_request", "sealed", bytes(sealed), uid.encode())
    assert b"new-Secret-2" in opened


def test_what_is_refused_changes_nothing_and_says_why(shop, waiting):
    uid = ask(shop, waiting, phone="13800138000")
    with pytest.raises(WordsMissing):
        decide(shop, uid, shop.person(), approves=False)

    decide(shop, uid, shop.person(), approves=False, words="号码无法接通")

    assert order(shop, waiting).contact.phone == ""
    (change,) = queries.changes_of_order(merchant_id=shop.merchant, number=waiting.number)
    assert (change.state, change.decision) == (ChangeState.REFUSED, "号码无法接通")
    with pytest.raises(ChangeDecided):
        decide(shop, uid, shop.person())


def test_who_asks_does_not_approve_but_for_the_owner(shop, waiting):
    person = shop.person()
    uid = ask(shop, waiting, actor=person, email="new@example.com")

    with pytest.raises(OwnChange):
        decide(shop, uid, person)
    assert order(shop, waiting).contact.email != "new@example.com"

    decide(shop, uid, person, is_owner=True)
    assert order(shop, waiting).contact.email == "new@example.com"


def test_one_change_waits_at_a_time_and_not_too_many_in_all(shop, waiting):
    uid = ask(shop, waiting, email="one@example.com")
    with pytest.raises(ChangeWaits):
        ask(shop, waiting, email="two@example.com")
    decide(shop, uid, shop.person(), approves=False, words="不")
    for _ in range(ASKED_MAX - 1):
        uid = ask(shop, waiting, email="one@example.com")
        decide(shop, uid, shop.person(), approves=False, words="不")

    with pytest.raises(TooManyChanges):
        ask(shop, waiting, email="one@example.com")


def test_what_makes_no_sense_is_refused(shop, waiting):
    email = order(shop, waiting).contact.email
    with pytest.raises(NothingChanges):
        ask(shop, waiting, email=email)
    with pytest.raises(NothingChanges):
        ask(shop, waiting, answers={"nobody_asked": "1"})
    with pytest.raises(BadEmail):
        ask(shop, waiting, email="no address")
    with pytest.raises(BadAnswer):
        ask(shop, waiting, answers={"account": "no number"})
    assert queries.changes_of_order(merchant_id=shop.merchant, number=waiting.number) == []


def test_answers_stand_once_the_order_is_delivered(shop):
    placed = make.order(shop.sku)
    settle(shop.account, make.notice(placed))

    with pytest.raises(NotNow):
        ask(shop, placed, answers={"account": "1"})

    uid = ask(shop, placed, email="new@example.com")
    decide(shop, uid, shop.person())
    assert order(shop, placed).contact.email == "new@example.com"


def test_nobody_of_another_shop_decides(shop, waiting, other_merchant):
    uid = ask(shop, waiting, email="new@example.com")

    with pytest.raises(UnknownChange):
        operations.decide_change(
            merchant_id=other_merchant,
            uid=uid,
            approves=True,
            words="",
            by=operations.Decider(BUYER),
        )
    assert queries.change(merchant_id=shop.merchant, uid=uid).state is ChangeState.ASKED
