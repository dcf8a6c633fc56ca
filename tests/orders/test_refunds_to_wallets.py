"""P4, F3: money that goes back into the buyer's wallet: at once, once, and to whom it belongs."""

from functools import partial

import pytest

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations.setting_values import change_settings
from kacang.orders import operations, queries
from kacang.orders.models import OrderState
from kacang.orders.refunding.queries import refundable_order
from kacang.orders.refunding.types import (
    Cards,
    NothingLeft,
    RefundStatus,
    RefundWay,
    RefundWish,
    WayNotOffered,
)
from kacang.payments.refunding import refund_lists
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.wallets import operations as wallets
from kacang.wallets import queries as wallet_queries
from kacang.wallets.operations import Owner, OwnerKind
from tests import make
from tests.orders.looking import settle
from tests.orders.test_from_wallets import Shop
from tests.orders.test_refund_rules import late  # noqa: F401 - a fixture
from tests.threads import at_once

PRICE = 1999
EMAIL = "lin@example.com"


def wish(minor: int | None = None, name: str = "", **changes) -> RefundWish:
    amount = None if minor is None else Money(minor)
    return RefundWish(amount, "不想要了", way=RefundWay.WALLET, request_uid=name, **changes)


def ask(merchant: int, number: str, wanted: RefundWish, role: str = "owner"):
    return operations.request_refund(
        merchant_id=merchant, number=number, wish=wanted, actor=SYSTEM, role=role
    )


def wallet_of(merchant: int, owner: str = EMAIL) -> str:
    return wallets.open_wallet(
        merchant_id=merchant, owner=Owner(OwnerKind.CUSTOMER, owner), currency="CNY"
    )


def holds(merchant: int, uid: str) -> int:
    return wallet_queries.wallet(merchant_id=merchant, uid=uid).balance.minor


def books(merchant: int) -> dict[Account, int]:
    found: dict[Account, int] = {}
    for line in balances(merchant_id=merchant):
        found[line.account] = found.get(line.account, 0) + line.amount.minor
    return {account: minor for account, minor in found.items() if minor}


@pytest.fixture
def paid(merchant):
    """A delivered order of a buyer with an e-mail address, paid at the sandbox."""
    account = make.account(merchant)
    placed = make.order(make.sku(merchant), contact=Contact(email=EMAIL))
    settle(account, make.notice(placed))
    return placed


class TestToTheContact:
    def test_P4_is_there_at_once_and_the_books_agree(self, merchant, paid):
        can = refundable_order(merchant_id=merchant, number=paid.number)

        asked = ask(merchant, paid.number, wish(500))

        assert (can.wallet, asked.state) == (EMAIL, RefundStatus.DONE)
        assert holds(merchant, wallet_of(merchant)) == 500
        stands = books(merchant)
        assert stands[Account.WALLET] == -500
        assert stands[Account.REVENUE] == -(PRICE - 500)
        assert stands[Account.CASH_AT_PROVIDER] == PRICE
        assert Account.REFUNDS_DUE not in stands

    def test_all_of_it_makes_the_order_refunded(self, merchant, paid):
        ask(merchant, paid.number, wish())

        order = queries.order(merchant_id=merchant, number=paid.number)
        assert order.state is OrderState.REFUNDED
        with pytest.raises(NothingLeft):
            ask(merchant, paid.number, wish(1))

    def test_eight_at_once_never_give_back_more_than_came(self, merchant, paid):
        asks = [partial(ask, merchant, paid.number, wish(500)) for _ in range(8)]

        done = at_once(asks)

        assert sum(isinstance(one, NothingLeft) for one in done) == 5
        assert holds(merchant, wallet_of(merchant)) == 1500

    def test_the_same_wish_is_done_once(self, merchant, paid):
        asks = [partial(ask, merchant, paid.number, wish(500, "rfd_one")) for _ in range(4)]

        at_once(asks)

        assert holds(merchant, wallet_of(merchant)) == 500

    def test_waits_for_somebody_who_may_approve_it(self, merchant, paid):
        asked = ask(merchant, paid.number, wish(), role="clerk")
        assert asked.state is RefundStatus.REQUESTED
        assert holds(merchant, wallet_of(merchant)) == 0

        operations.approve_refund(
            merchant_id=merchant, number=asked.numbers[0], actor=SYSTEM, role="owner"
        )

        assert holds(merchant, wallet_of(merchant)) == PRICE

    def test_a_buyer_without_a_contact_has_no_wallet(self, merchant):
        account = make.account(merchant)
        placed = make.order(make.sku(merchant), contact=Contact())
        settle(account, make.notice(placed))

        with pytest.raises(WayNotOffered):
            ask(merchant, placed.number, wish())
        assert refundable_order(merchant_id=merchant, number=placed.number).wallet == ""


class TestToThePayer:
    def test_F3_goes_back_to_the_wallet_that_paid(self, merchant):
        shop = Shop(merchant)
        payer = wallet_of(merchant, "payer@example.com")
        wallets.deposit(
            merchant_id=merchant, uid=payer, amount=Money(5000), note="ICBC-1", once="d1",
            actor=SYSTEM,
        )  # fmt: skip
        placed = shop.order()
        shop.pay(placed, payer)
        assert holds(merchant, payer) == 5000 - PRICE

        asked = ask(merchant, placed.number, wish(cards=Cards.RETURN))

        assert asked.state is RefundStatus.DONE
        assert holds(merchant, payer) == 5000
        assert books(merchant)[Account.WALLET] == -5000


class TestLateMoney:
    def test_L4_is_put_into_the_wallet_where_the_merchant_has_it_so(self, merchant, late):  # noqa: F811
        change_settings(merchant_id=merchant, values={"refund_late": "wallet"}, actor=SYSTEM)

        for _ in range(2):
            operations.refund_late(merchant_id=merchant, order_id=late.id)

        (refund,) = refund_lists.refunds_of_order(merchant_id=merchant, order_id=late.id)
        assert (refund.way, refund.state) == (RefundWay.WALLET, RefundStatus.DONE)
        assert holds(merchant, wallet_of(merchant, late.contact.email)) == PRICE
