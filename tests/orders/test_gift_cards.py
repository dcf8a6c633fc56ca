"""Gift cards: bought by any way to pay, then money in a wallet, once (F3)."""

from functools import partial

import pytest
from django.db import IntegrityError

from kacang.catalog.models import Sku
from kacang.catalog.operations import BadGift
from kacang.catalog.operations.redeem_codes import set_gift
from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations
from kacang.orders.cards.redeeming import MISSES
from kacang.orders.errors import BadRedeemCode
from kacang.orders.types import Origin
from kacang.risk.operations import TooManyAttempts
from kacang.shared.money import Money
from kacang.vault.models import CardState
from kacang.wallets import operations as wallets
from kacang.wallets import queries
from tests import make
from tests.orders.looking import settle
from tests.threads import at_once

BUYER = Actor(kind="buyer")
WORTH = 10_000


class Shop:
    """Gift cards of 100 yuan at 95, two of them sold."""

    def __init__(self, merchant: int) -> None:
        self.merchant = merchant
        self.cards = make.sku(merchant, cards=3, price=9_500, gift_minor=WORTH)
        account = make.account(merchant)
        placed = make.order(self.cards, 2)
        settle(account, make.notice(placed))
        given = operations.deliveries(
            merchant_id=merchant, number=placed.number, actor=Actor(kind="buyer")
        )
        self.sold = [one.secret for one in given]
        self.unsold = next(code for code in self.cards.codes if code not in self.sold)

    def add(self, wallet: str, code: str) -> Money:
        return operations.add_gift_card(
            merchant_id=self.merchant,
            wallet_uid=wallet,
            code=code,
            origin=Origin(address="192.0.2.1"),
            actor=BUYER,
        )

    def holds(self, wallet: str) -> int:
        return queries.wallet(merchant_id=self.merchant, uid=wallet).balance.minor


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


class TestAdd:
    def test_F3_a_sold_card_becomes_money_and_is_redeemed(self, shop):
        wallet = make.wallet(shop.merchant)

        assert shop.add(wallet, f" {shop.sold[0]} ") == Money(WORTH)

        assert shop.holds(wallet) == WORTH
        assert make.card_states(shop.cards) == {
            CardState.AVAILABLE: 1,
            CardState.SOLD: 1,
            CardState.REDEEMED: 1,
        }
        stands = {line.account: line.amount.minor for line in balances(merchant_id=shop.merchant)}
        assert stands[Account.WALLET] == -WORTH
        # One card is still owed; the other one was sold below its worth.
        assert stands[Account.DEFERRED_REVENUE] == -9_500
        assert stands[Account.GIFT_CARD_DIFFERENCE] == WORTH - 9_500
        assert Account.REVENUE not in stands

    def test_F3_one_card_is_money_once_whoever_comes_at_once(self, shop):
        mine = [make.wallet(shop.merchant) for _ in range(8)]

        results = at_once([partial(shop.add, wallet, shop.sold[0]) for wallet in mine])

        assert results.count(Money(WORTH)) == 1
        assert sum(isinstance(result, BadRedeemCode) for result in results) == 7
        assert sum(shop.holds(wallet) for wallet in mine) == WORTH

    def test_F3_only_sold_gift_cards_are_money(self, shop):
        wallet = make.wallet(shop.merchant)
        other = make.sku(shop.merchant, cards=1)

        for code in (shop.unsold, other.codes[0], "none", "", "x" * 3_000):
            with pytest.raises(BadRedeemCode) as refused:
                shop.add(wallet, code)
            # The same for every cause.
            assert refused.value.detail == {}

        assert shop.holds(wallet) == 0
        assert make.card_states(shop.cards) == {CardState.AVAILABLE: 1, CardState.SOLD: 2}

    def test_F3_a_wallet_that_cannot_take_it_leaves_the_card(self, shop):
        dollars = wallets.open_wallet(
            merchant_id=shop.merchant,
            owner=wallets.Owner(wallets.OwnerKind.CUSTOMER, "lin@example.com"),
            currency="USD",
        )

        with pytest.raises(wallets.OtherCurrency):
            shop.add(dollars, shop.sold[0])

        assert make.card_states(shop.cards) == {CardState.AVAILABLE: 1, CardState.SOLD: 2}

    def test_I2_another_merchants_card_is_none(self, shop, other_merchant):
        theirs = Shop(other_merchant)
        wallet = make.wallet(shop.merchant)

        with pytest.raises(BadRedeemCode):
            shop.add(wallet, theirs.sold[0])
        with pytest.raises(wallets.UnknownWallet):
            shop.add(make.wallet(other_merchant), shop.sold[0])

        assert shop.holds(wallet) == 0

    def test_Z1_who_guesses_is_stopped(self, shop):
        wallet = make.wallet(shop.merchant)
        for _ in range(MISSES):
            with pytest.raises(BadRedeemCode):
                shop.add(wallet, "guess")

        with pytest.raises(TooManyAttempts):
            shop.add(wallet, shop.sold[0])

        assert shop.holds(wallet) == 0


class TestWorth:
    @pytest.mark.parametrize(
        ("stock_mode", "worth"), [(0, 0), (0, -1), (0, 10**13), (1, 100), (2, 100)]
    )
    def test_only_cards_sold_once_are_worth_something(self, stock_mode, worth):
        with pytest.raises(BadGift):
            set_gift(Sku(stock_mode=stock_mode), worth)

    def test_the_database_holds_it_too(self, merchant):
        made = make.sku(merchant)

        with pytest.raises(IntegrityError), acting_as(merchant):
            Sku.objects.filter(merchant_id=merchant, pk=made.sku.pk).update(gift_minor=0)
