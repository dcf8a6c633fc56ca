"""O6: where goods go, and that they go, is changed by the buyer's request until they leave."""

from dataclasses import replace
from functools import partial

import pytest
from django.db import connection

from kacang.ledger.accounts import Account
from kacang.logistics.operations import BadRecipient, ReasonMissing
from kacang.logistics.queries import RecipientView
from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import AlreadyShipped, NotNow
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.change_types import (
    CancelBeyond,
    ChangeDecided,
    ChangeWish,
    GoodsLeft,
    NothingChanges,
    ReasonNeeded,
    UnknownChange,
)
from kacang.orders.exceptions.operations import Decider
from kacang.orders.exceptions.queries import ChangeState, ChangeView, Kind
from kacang.orders.models import Event, OrderState, UnitState
from kacang.stock.queries import GoodsLevel
from tests import make
from tests.orders.test_recipients import KEPT, WHOM, whom_of
from tests.orders.test_shipping import Sender
from tests.threads import at_once

BUYER = Actor(kind="buyer", address="203.0.113.9")
CLERK = Actor("user", 21, "zhou@example.com", "203.0.113.8")
ELSEWHERE = replace(WHOM, name="王芳", address="解放路 1 号")
ELSEWHERE_KEPT = replace(KEPT, name="王芳", address="解放路 1 号")


@pytest.fixture
def shop(merchant) -> Sender:
    return Sender(merchant)


@pytest.fixture
def sent(shop) -> str:
    sku: str = shop.stock.goods(way="courier")
    shop.stock.received(sku, 5, cost=700)
    return sku


@pytest.fixture
def paid(shop, sent):
    placed = shop.place((sent, 1), recipient=WHOM)
    shop.pay(placed)
    return placed


def ask(shop, placed, actor=BUYER, **wish):
    return operations.ask_change(
        merchant_id=shop.merchant, number=placed.number,
        wish=ChangeWish(**{"reason": "写错了", **wish}), actor=actor,
    )  # fmt: skip


def decide(shop, uid, *, approves=True, words="", role="owner", actor=CLERK):
    return operations.decide_change(
        merchant_id=shop.merchant, uid=uid, approves=approves, words=words,
        by=Decider(actor, role=role),
    )  # fmt: skip


def change_of(shop, placed):
    return queries.changes_of_order(merchant_id=shop.merchant, number=placed.number)[0]


class TestRecipient:
    def test_O6_goods_go_elsewhere_once_somebody_approves_it(self, shop, paid):
        uid = ask(shop, paid, recipient=ELSEWHERE)
        assert whom_of(shop, paid) == KEPT
        (row,) = queries.exceptions_of_order(
            merchant_id=shop.merchant, order_id=shop.order(paid).id
        )
        assert (row.kind, row.subject) == (Kind.ADDRESS, uid)

        decide(shop, uid)

        assert whom_of(shop, paid) == ELSEWHERE_KEPT
        assert change_of(shop, paid).state is ChangeState.APPROVED
        assert shop.events(paid)[-4:] == [
            Event.EXCEPTION_OPENED, Event.CHANGE_DECIDED, Event.RECIPIENT_CHANGED,
            Event.EXCEPTION_CLOSED,
        ]  # fmt: skip

    def test_rule_27_the_request_is_sealed_and_told_nowhere(self, shop, paid):
        uid = ask(shop, paid, recipient=ELSEWHERE)

        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute(
                "select changes::text, recipient_sealed from change_request where uid = %s", [uid]
            )
            changes, sealed = cursor.fetchone()
            cursor.execute(
                """select string_agg(row_to_json(t)::text, '') from timeline t
                where merchant_id = %s""",
                [shop.merchant],
            )
            ((story,),) = cursor.fetchall()
        assert changes == "{}"
        assert "王芳".encode() not in bytes(sealed)
        for text in (story, repr(change_of(shop, paid))):
            assert "王芳" not in text
            assert "解放路" not in text
        assert (
            queries.masked_change_recipient(merchant_id=shop.merchant, uid=uid)
            == ELSEWHERE_KEPT.masked()
        )

    def test_I3_the_whole_of_it_is_opened_with_a_reason_that_is_logged_first(self, shop, paid):
        uid = ask(shop, paid, recipient=ELSEWHERE)
        who = {"merchant_id": shop.merchant, "uid": uid, "actor": CLERK}
        with pytest.raises(ReasonMissing):
            operations.show_change_recipient(**who, reason=" ")

        number, whom = operations.show_change_recipient(**who, reason="核对地址")

        assert (number, whom) == (paid.number, ELSEWHERE_KEPT)
        with acting_as(shop.merchant):
            entry = AuditEntry.objects.get(
                merchant_id=shop.merchant, action="orders.show_recipient"
            )
        assert (entry.object_uid, entry.reason) == (paid.number, "核对地址")

    def test_O6_refused_it_stays_where_it_went(self, shop, paid):
        uid = ask(shop, paid, recipient=ELSEWHERE)

        decide(shop, uid, approves=False, words="地址查不到")

        assert whom_of(shop, paid) == KEPT
        assert change_of(shop, paid).decision == "地址查不到"

    def test_O6_the_same_place_is_no_change_and_a_bad_one_is_named(self, shop, paid):
        with pytest.raises(NothingChanges):
            ask(shop, paid, recipient=replace(WHOM, phone="+86 138 2604 2716"))
        with pytest.raises(BadRecipient) as caught:
            ask(shop, paid, recipient=replace(ELSEWHERE, postcode="?"))

        assert caught.value.detail == {"field": "postcode"}
        assert queries.changes_of_order(merchant_id=shop.merchant, number=paid.number) == []

    def test_O6_after_the_parcel_has_left_nothing_is_asked_nor_made(self, shop, paid):
        uid = ask(shop, paid, recipient=ELSEWHERE)
        shop.ship(paid)

        with pytest.raises(GoodsLeft):
            decide(shop, uid)
        assert whom_of(shop, paid) == KEPT
        assert change_of(shop, paid).state is ChangeState.ASKED
        decide(shop, uid, approves=False, words="已寄出")
        with pytest.raises(GoodsLeft):
            ask(shop, paid, recipient=ELSEWHERE)

    def test_O6_called_back_it_can_be_changed_again(self, shop, paid):
        parcel = shop.ship(paid)
        shop.void(paid, parcel.uid)

        decide(shop, ask(shop, paid, recipient=ELSEWHERE))

        assert whom_of(shop, paid) == ELSEWHERE_KEPT

    def test_O6_codes_have_no_recipient(self, shop):
        codes = make.sku(shop.merchant)
        placed = shop.paid((codes.sku.uid, 1))

        with pytest.raises(NotNow):
            ask(shop, placed, recipient=ELSEWHERE)

    def test_rule_18_another_merchant_opens_nothing(self, shop, paid, other_merchant):
        uid = ask(shop, paid, recipient=ELSEWHERE)

        with pytest.raises(UnknownChange):
            operations.show_change_recipient(
                merchant_id=other_merchant, uid=uid, actor=CLERK, reason="x"
            )
        with pytest.raises(UnknownChange):
            queries.masked_change_recipient(merchant_id=other_merchant, uid=uid)

    def test_O6_of_two_clerks_one_decides(self, shop, paid):
        uid = ask(shop, paid, recipient=ELSEWHERE)

        outcomes = at_once(
            [
                lambda: decide(shop, uid),
                lambda: decide(shop, uid, approves=False, words="不"),
                lambda: decide(shop, uid),
            ]
        )

        assert len([one for one in outcomes if isinstance(one, ChangeView)]) == 1
        assert len([one for one in outcomes if isinstance(one, ChangeDecided)]) == 2
        changed = change_of(shop, paid).state is ChangeState.APPROVED
        assert whom_of(shop, paid) == (ELSEWHERE_KEPT if changed else KEPT)

    def test_O6_shipped_at_the_same_moment_one_of_both_wins(self, shop, sent):
        for _ in range(4):
            placed = shop.place((sent, 1), recipient=WHOM)
            shop.pay(placed)
            uid = ask(shop, placed, recipient=ELSEWHERE)

            decided, shipped = at_once([partial(decide, shop, uid), partial(shop.ship, placed)])

            assert not isinstance(shipped, Exception), shipped
            late = isinstance(decided, GoodsLeft)
            assert whom_of(shop, placed) == (KEPT if late else ELSEWHERE_KEPT)
            expected = ChangeState.ASKED if late else ChangeState.APPROVED
            assert change_of(shop, placed).state is expected
            order = shop.events(placed)
            assert late or order.index(Event.CHANGE_DECIDED) < order.index(Event.SHIPPED)


class TestCancel:
    def test_O6_an_approved_cancel_gives_all_money_and_pieces_back(self, shop, sent, paid):
        uid = ask(shop, paid, cancels=True, reason="不想要了")
        assert change_of(shop, paid).cancels
        assert shop.state(paid) is OrderState.PAID

        decide(shop, uid)

        order = shop.order(paid)
        assert order.state is OrderState.REFUNDING
        assert order.refunded == order.payable
        assert shop.units(paid) == {UnitState.REFUNDED: 1}
        assert shop.stock.level(sent) == GoodsLevel(available=5)
        assert shop.books(Account.ADVANCE_FROM_BUYER) == (0,)
        assert change_of(shop, paid).state is ChangeState.APPROVED
        with pytest.raises((NotNow, AlreadyShipped)):
            shop.ship(paid)
        assert shop.wrong() == []

    def test_O6_a_refused_one_leaves_the_order_as_it_is(self, shop, sent, paid):
        decide(
            shop, ask(shop, paid, cancels=True, reason="不想要了"), approves=False, words="已备货"
        )

        assert shop.state(paid) is OrderState.PAID
        shop.ship(paid)
        assert shop.stock.level(sent) == GoodsLevel(available=4)

    @pytest.mark.parametrize("role", ["warehouse", ""])
    def test_P4_whose_role_may_not_give_so_much_back_approves_nothing(self, shop, paid, role):
        uid = ask(shop, paid, cancels=True, reason="不想要了")

        with pytest.raises(CancelBeyond):
            decide(shop, uid, role=role)

        assert shop.state(paid) is OrderState.PAID
        assert shop.order(paid).refunded.minor == 0
        assert change_of(shop, paid).state is ChangeState.ASKED
        assert shop.wrong() == []

    def test_O6_nobody_gives_up_what_is_unpaid_sent_or_without_a_reason(self, shop, sent, paid):
        unpaid = shop.place((sent, 1), recipient=WHOM)
        with pytest.raises(NotNow):
            ask(shop, unpaid, cancels=True, reason="不想要了")
        with pytest.raises(ReasonNeeded):
            ask(shop, paid, cancels=True, reason=" ")
        shop.ship(paid)
        with pytest.raises(GoodsLeft):
            ask(shop, paid, cancels=True, reason="不想要了")

    def test_O6_codes_that_were_delivered_are_not_given_up_so(self, shop):
        codes = make.sku(shop.merchant)
        placed = shop.paid((codes.sku.uid, 1))

        with pytest.raises(GoodsLeft):
            ask(shop, placed, cancels=True, reason="不想要了")

    def test_O6_sent_and_given_up_at_the_same_moment_one_of_both_wins(self, shop, sent):
        for _ in range(4):
            placed = shop.place((sent, 1), recipient=WHOM)
            shop.pay(placed)
            uid = ask(shop, placed, cancels=True, reason="不想要了")

            decided, shipped = at_once([partial(decide, shop, uid), partial(shop.ship, placed)])

            assert isinstance(decided, GoodsLeft) != isinstance(shipped, NotNow | AlreadyShipped)
            is_sent = isinstance(decided, GoodsLeft)
            assert shop.state(placed) is (OrderState.SHIPPED if is_sent else OrderState.REFUNDING)
            if is_sent:
                decide(shop, uid, approves=False, words="已寄出")
        assert shop.wrong() == []


def test_a_recipient_shows_nothing_of_itself():
    assert (
        repr(RecipientView("林晓岚", "+8613826042716", "杭州", "文三路 90 号")) == "RecipientView()"
    )
