"""Paying from a wallet is one transaction, and settles like every other way (F3, L5)."""

from functools import partial

import pytest

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.audit import SYSTEM
from kacang.orders import operations, queries
from kacang.orders.errors import NotPayable
from kacang.orders.models import Event, OrderState
from kacang.orders.types import PlacedOrder
from kacang.payments.balances import NoBalancePayment
from kacang.payments.queries import PaymentState, forget_accounts
from kacang.vault.models import CardState
from kacang.wallets import operations as wallets
from kacang.wallets import queries as wallet_queries
from kacang.wallets.operations import NotEnough
from tests import make
from tests.threads import at_once

PRICE = 1999


class Shop:
    def __init__(self, merchant: int, cards: int = 3) -> None:
        forget_accounts()
        self.merchant = merchant
        self.account = make.balance_account(merchant)
        self.stock = make.sku(merchant, cards=cards)

    def order(self) -> PlacedOrder:
        return make.order(self.stock, provider="wallet")

    def pay(self, placed: PlacedOrder, wallet: str) -> None:
        operations.pay_from_wallet(
            merchant_id=self.merchant, number=placed.number, wallet_uid=wallet
        )

    def state(self, placed: PlacedOrder) -> OrderState:
        return queries.order(merchant_id=self.merchant, number=placed.number).state

    def holds(self, wallet: str) -> int:
        return wallet_queries.wallet(merchant_id=self.merchant, uid=wallet).balance.minor

    def stands(self) -> dict[Account, int]:
        found: dict[Account, int] = {}
        for line in balances(merchant_id=self.merchant):
            found[line.account] = found.get(line.account, 0) + line.amount.minor
        return found


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


class TestPay:
    def test_F3_pays_delivers_and_books_in_one(self, shop):
        wallet, placed = make.wallet(shop.merchant, 5_000), shop.order()

        shop.pay(placed, wallet)

        assert shop.state(placed) is OrderState.DELIVERED
        assert shop.holds(wallet) == 5_000 - PRICE
        stands = shop.stands()
        assert stands[Account.WALLET] == -(5_000 - PRICE)
        assert stands[Account.REVENUE] == -PRICE
        # What passes through the company's account leaves nothing there.
        assert Account.CASH_AT_PROVIDER not in stands
        order = queries.order(merchant_id=shop.merchant, number=placed.number)
        assert [payment.state for payment in order.payments] == [PaymentState.PAID]
        events = [
            entry.event
            for entry in queries.timeline(merchant_id=shop.merchant, number=placed.number)
        ]
        assert events == [Event.PLACED, Event.PAID, Event.DELIVERED]

    def test_F3_64_payers_at_once_pay_exactly_what_the_balance_allows(self, merchant):
        shop = Shop(merchant, cards=64)
        wallet = make.wallet(merchant, 7 * PRICE + 500)
        orders = [shop.order() for _ in range(64)]

        results = at_once([partial(shop.pay, placed, wallet) for placed in orders], threads=16)

        assert results.count(None) == 7
        assert sum(isinstance(result, NotEnough) for result in results) == 57
        assert shop.holds(wallet) == 500
        assert make.card_states(shop.stock)[CardState.SOLD] == 7
        states = [shop.state(placed) for placed in orders]
        assert states.count(OrderState.DELIVERED) == 7
        assert states.count(OrderState.PENDING) == 57
        assert wallet_queries.check_wallets(merchant_id=merchant) == 0

    def test_L2_one_order_is_paid_once_however_many_press(self, shop):
        wallet, placed = make.wallet(shop.merchant, 50_000), shop.order()

        results = at_once([partial(shop.pay, placed, wallet) for _ in range(8)])

        assert results.count(None) == 1
        assert sum(isinstance(result, NotPayable) for result in results) == 7
        assert shop.holds(wallet) == 50_000 - PRICE

    def test_F3_too_little_leaves_all_as_it_was(self, shop):
        wallet, placed = make.wallet(shop.merchant, PRICE - 1), shop.order()

        with pytest.raises(NotEnough):
            shop.pay(placed, wallet)

        assert shop.state(placed) is OrderState.PENDING
        assert shop.holds(wallet) == PRICE - 1
        assert Account.SUSPENSE not in shop.stands()

    def test_F3_what_cannot_settle_gives_the_money_back(self, shop):
        wallet, placed = make.wallet(shop.merchant, 5_000), shop.order()
        assert placed.payment is not None
        # Other money was told of under the very number that the wallet's would have.
        odd = make.notice(placed, provider_number=placed.payment.payment_id, amount=make.Money(1))
        operations.settle_notices(account=shop.account, notices=[odd])

        with pytest.raises(NotPayable):
            shop.pay(placed, wallet)

        assert shop.holds(wallet) == 5_000
        assert shop.state(placed) is OrderState.PENDING
        assert shop.stands()[Account.SUSPENSE] == -1

    def test_an_order_paid_or_given_up_takes_nothing(self, shop):
        wallet = make.wallet(shop.merchant, 50_000)
        paid, cancelled = shop.order(), shop.order()
        shop.pay(paid, wallet)
        operations.cancel_order(merchant_id=shop.merchant, number=cancelled.number, actor=SYSTEM)

        for placed in (paid, cancelled):
            with pytest.raises(NotPayable):
                shop.pay(placed, wallet)

        assert shop.holds(wallet) == 50_000 - PRICE

    def test_the_price_of_now_is_paid_or_none(self, shop):
        wallet, placed = make.wallet(shop.merchant, 50_000), shop.order()
        operations.change_price(
            merchant_id=shop.merchant, number=placed.number, payable_minor=1_500, reason="x",
            actor=SYSTEM, role="owner",
        )  # fmt: skip

        with pytest.raises(NoBalancePayment):
            shop.pay(placed, wallet)
        operations.start_payment(merchant_id=shop.merchant, number=placed.number, provider="wallet")
        shop.pay(placed, wallet)

        assert shop.holds(wallet) == 50_000 - 1_500
        assert shop.state(placed) is OrderState.DELIVERED

    def test_I2_no_wallet_of_another_merchant_pays(self, shop, other_merchant):
        wallet, placed = make.wallet(other_merchant, 5_000), shop.order()

        with pytest.raises(wallets.UnknownWallet):
            shop.pay(placed, wallet)

        assert shop.state(placed) is OrderState.PENDING
        view = wallet_queries.wallet(merchant_id=other_merchant, uid=wallet)
        assert view.balance.minor == 5_000
