"""F1: what is paid for gift cards and redeem codes is no revenue before they are redeemed."""

import secrets
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.audit import Actor
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import OrderState
from kacang.orders.refunding.types import Cards, RefundWay, RefundWish
from kacang.orders.types import Item, Origin, PlacedOrder, PlaceRequest
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from tests import make
from tests.orders.looking import settle, spoil

STAFF = Actor(kind="user", id=1, label="p@example.com")
BUYER = Actor(kind="buyer")
CODE, GIFT, PLAIN, WORTH = 4_000, 9_500, 2_000, 10_000


class Shop:
    """Gift cards of 100 yuan at 95, redeem codes at 40 for cards of 50, and plain cards."""

    def __init__(self, merchant: int) -> None:
        self.merchant = merchant
        self.account = make.account(merchant)
        self.target = make.sku(merchant, cards=4, price=5_000)
        self.codes = make.redeem_codes(self.target, cards=4, price=CODE)
        self.gifts = make.sku(merchant, cards=4, price=GIFT, gift_minor=WORTH)
        self.plain = make.sku(merchant, cards=4, price=PLAIN)

    def place(self, *wanted: tuple[make.Stocked, int]) -> PlacedOrder:
        wish = PlaceRequest(
            items=tuple(Item(made.sku.uid, count) for made, count in wanted),
            contact=Contact(email=f"{new_uid('b')}@example.com"),
            provider="sandbox",
        )
        return orders.place_order(merchant_id=self.merchant, request=wish)

    def sell(self, *wanted: tuple[make.Stocked, int]) -> str:
        placed = self.place(*wanted)
        settle(self.account, make.notice(placed))
        return placed.number

    def sell_at(self, minor: int, *wanted: tuple[make.Stocked, int]) -> None:
        placed = self.place(*wanted)
        named: dict[str, Any] = {"merchant_id": self.merchant, "number": placed.number}
        if minor < placed.payable.minor:
            orders.change_price(
                **named, payable_minor=minor, reason="老客户", actor=STAFF, role="owner"
            )
        payment = orders.start_payment(**named, provider="sandbox")
        told = make.notice(placed, payment_number=payment.payment_id, amount=Money(minor))
        settle(self.account, told)

    def secrets(self, number: str) -> list[str]:
        found = orders.deliveries(merchant_id=self.merchant, number=number, actor=STAFF)
        return [one.secret for one in found]

    def cards(self, number: str) -> list[cards.UnitCard]:
        view = queries.order(merchant_id=self.merchant, number=number)
        return cards.cards_of_units(
            merchant_id=self.merchant, line_ids=[line.id for line in view.lines]
        )

    def refund(self, number: str, minor: int | None, how: Cards, *units: int) -> Any:
        line = queries.order(merchant_id=self.merchant, number=number).lines[0].id
        wish = RefundWish(
            None if minor is None else Money(minor), "不要了", way=RefundWay.BY_HAND, cards=how,
            units=tuple((line, unit) for unit in units),
        )  # fmt: skip
        return orders.request_refund(
            merchant_id=self.merchant, number=number, wish=wish, actor=STAFF, role="owner"
        )

    def redeem(self, code: str) -> orders.Redeemed:
        wish = orders.RedeemRequest(code=code, contact=Contact(email="holder@example.com"))
        return orders.redeem(merchant_id=self.merchant, request=wish)

    def add(self, code: str, wallet: str = "") -> None:
        orders.add_gift_card(
            merchant_id=self.merchant, wallet_uid=wallet or make.wallet(self.merchant), code=code,
            origin=Origin(address="192.0.2.1"), actor=BUYER,
        )  # fmt: skip

    def stands(self) -> dict[Account, int]:
        """What is owed and earned: positive where it grows on the credit side."""
        wanted = (
            Account.ADVANCE_FROM_BUYER, Account.DEFERRED_REVENUE, Account.REVENUE,
            Account.GIFT_CARD_DIFFERENCE, Account.REFUNDS_DUE, Account.WALLET,
        )  # fmt: skip
        found: dict[Account, int] = {}
        for line in balances(merchant_id=self.merchant):
            if line.account in wanted:
                found[line.account] = found.get(line.account, 0) - line.amount.minor
        assert vault.check_references(merchant_id=self.merchant) == []
        return found

    def run(self, sql: str) -> None:
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(sql)

    def end(self) -> None:
        """Let the time of all sold cards be over, and the job come by."""
        self.run(
            "update card set expires_at = clock_timestamp() - interval '1 day' where state = 2"
        )
        vault.lapse_expired(merchant_id=self.merchant)


@pytest.fixture
def shop(merchant):
    return Shop(merchant)


class TestSale:
    def test_F1_what_plain_cards_cost_is_earned_and_the_rest_is_owed(self, shop):
        shop.sell((shop.plain, 2), (shop.codes, 1), (shop.gifts, 2))

        assert shop.stands() == {
            Account.REVENUE: 2 * PLAIN,
            Account.DEFERRED_REVENUE: CODE + 2 * GIFT,
        }

    def test_the_quick_statement_leaves_them_to_the_thorough_one_in_one_batch(self, shop):
        placed = [shop.place((made, 1)) for made in (shop.plain, shop.gifts, shop.plain)]

        orders.settle_notices(account=shop.account, notices=[make.notice(one) for one in placed])

        assert shop.stands() == {Account.REVENUE: 2 * PLAIN, Account.DEFERRED_REVENUE: GIFT}

    def test_an_order_that_is_short_of_plain_cards_owes_the_code_already(self, shop):
        scarce = make.sku(shop.merchant, cards=1, price=PLAIN)
        placed = shop.place((shop.codes, 1), (scarce, 1))
        spoil(shop.merchant)
        settle(shop.account, make.notice(placed))
        before = shop.stands()
        make.stock(scarce, 1)

        orders.continue_waiting(merchant_id=shop.merchant, sku_id=scarce.sku.pk)

        assert before == {Account.ADVANCE_FROM_BUYER: PLAIN, Account.DEFERRED_REVENUE: CODE}
        assert shop.stands() == {Account.REVENUE: PLAIN, Account.DEFERRED_REVENUE: CODE}

    def test_a_changed_price_is_shared_by_the_units(self, shop):
        shop.sell_at(3_001, (shop.codes, 1), (shop.plain, 1))

        # Two thirds of 30.01.
        assert shop.stands() == {Account.REVENUE: 1_001, Account.DEFERRED_REVENUE: 2_000}

    def test_what_was_sold_before_stays_revenue(self, shop):
        placed = shop.place((shop.gifts, 1))
        shop.run("update order_line set claim = 0")
        settle(shop.account, make.notice(placed))
        before = shop.stands()

        shop.add(*shop.secrets(placed.number))

        assert before == {Account.REVENUE: GIFT}
        assert shop.stands() == {Account.REVENUE: GIFT - WORTH, Account.WALLET: WORTH}


class TestRedemption:
    def test_F1_a_code_is_earned_when_the_goods_are_given(self, shop):
        number = shop.sell((shop.codes, 2))

        shop.redeem(shop.secrets(number)[0])

        assert shop.stands() == {Account.REVENUE: CODE, Account.DEFERRED_REVENUE: CODE}

    def test_F1_a_gift_card_is_owed_in_the_wallet_at_its_worth(self, shop):
        number = shop.sell((shop.gifts, 2))

        shop.add(shop.secrets(number)[0])

        assert shop.stands() == {
            Account.DEFERRED_REVENUE: GIFT,
            Account.WALLET: WORTH,
            Account.GIFT_CARD_DIFFERENCE: GIFT - WORTH,
        }

    def test_one_sold_above_its_worth_leaves_a_gain(self, shop):
        dear = make.sku(shop.merchant, cards=1, price=10_800, gift_minor=WORTH)

        shop.add(*shop.secrets(shop.sell((dear, 1))))

        assert shop.stands() == {Account.WALLET: WORTH, Account.GIFT_CARD_DIFFERENCE: 800}

    def test_a_free_gift_card_is_a_difference_as_a_whole(self, shop):
        free = make.sku(shop.merchant, cards=1, price=0, gift_minor=WORTH)
        placed = orders.place_order(merchant_id=shop.merchant, request=make.request(free))

        shop.add(*shop.secrets(placed.number))

        assert shop.stands() == {Account.WALLET: WORTH, Account.GIFT_CARD_DIFFERENCE: -WORTH}

    def test_a_code_for_a_gift_card_hands_on_what_it_is_owed(self, shop):
        codes = make.redeem_codes(shop.gifts, cards=1, price=9_000)
        done = shop.redeem(*shop.secrets(shop.sell((codes, 1))))
        between = shop.stands()

        shop.add(*shop.secrets(done.order.number))

        assert between == {Account.DEFERRED_REVENUE: 9_000}
        assert shop.stands() == {Account.WALLET: WORTH, Account.GIFT_CARD_DIFFERENCE: -1_000}


class TestRefunds:
    @pytest.mark.parametrize("how", [Cards.RETURN, Cards.VOID])
    def test_P4_a_card_that_is_taken_back_is_owed_no_longer(self, shop, how):
        number = shop.sell((shop.gifts, 2))

        shop.refund(number, GIFT, how, 2)

        assert shop.stands() == {Account.DEFERRED_REVENUE: GIFT, Account.REFUNDS_DUE: GIFT}

    def test_P4_what_is_kept_of_a_card_that_is_taken_back_is_earned(self, shop):
        number = shop.sell((shop.codes, 1))

        shop.refund(number, 3_000, Cards.VOID, 1)

        assert shop.stands() == {Account.REVENUE: 1_000, Account.REFUNDS_DUE: 3_000}

    def test_P4_a_card_that_its_buyer_keeps_is_owed_all_the_same(self, shop):
        number = shop.sell((shop.gifts, 1))

        shop.refund(number, 500, Cards.KEEP, 1)

        assert shop.stands() == {
            Account.DEFERRED_REVENUE: GIFT,
            Account.REVENUE: -500,
            Account.REFUNDS_DUE: 500,
        }

    def test_P4_of_an_order_that_waits_it_goes_back_to_the_advance(self, shop):
        scarce = make.sku(shop.merchant, cards=1, price=PLAIN)
        placed = shop.place((shop.codes, 1), (scarce, 1))
        spoil(shop.merchant)
        settle(shop.account, make.notice(placed))

        shop.refund(placed.number, CODE, Cards.VOID, 1)
        make.stock(scarce, 1)
        orders.continue_waiting(merchant_id=shop.merchant, sku_id=scarce.sku.pk)

        assert shop.stands() == {Account.REVENUE: PLAIN, Account.REFUNDS_DUE: CODE}

    def test_P4_a_refund_that_comes_to_nothing_owes_another_card(self, shop):
        number = shop.sell((shop.gifts, 2), (shop.plain, 1))
        asked = shop.refund(number, GIFT, Cards.VOID, 1)
        orders.drop_refund(
            merchant_id=shop.merchant, number=asked.numbers[0], actor=STAFF, reason="买家不退了"
        )
        waits = shop.stands()

        orders.replenish(merchant_id=shop.merchant, number=number, actor=STAFF)

        assert waits == {Account.ADVANCE_FROM_BUYER: GIFT + PLAIN, Account.DEFERRED_REVENUE: GIFT}
        assert shop.stands() == {Account.REVENUE: PLAIN, Account.DEFERRED_REVENUE: 2 * GIFT}
        assert queries.order(merchant_id=shop.merchant, number=number).state == OrderState.DELIVERED


class TestLapse:
    def test_V8_the_job_earns_what_nobody_can_redeem_any_more(self, shop):
        shop.sell((shop.codes, 1), (shop.gifts, 1))

        shop.end()
        again = vault.lapse_expired(merchant_id=shop.merchant)

        assert again == 0
        assert shop.stands() == {Account.REVENUE: CODE + GIFT}

    def test_V8_one_that_has_time_is_left_alone(self, shop):
        shop.sell((shop.codes, 1))
        shop.run("update card set expires_at = clock_timestamp() + interval '1 day'")

        assert vault.lapse_expired(merchant_id=shop.merchant) == 0
        assert shop.stands() == {Account.DEFERRED_REVENUE: CODE}

    def test_V6_one_that_is_given_more_time_is_redeemed_out_of_what_was_earned(self, shop):
        number = shop.sell((shop.gifts, 1))
        shop.end()
        shop.run("update card set expires_at = null where state = 2")

        shop.add(*shop.secrets(number))

        assert shop.stands() == {Account.WALLET: WORTH, Account.GIFT_CARD_DIFFERENCE: GIFT - WORTH}

    @pytest.mark.parametrize("lapsed", [False, True])
    def test_V3_another_card_is_owed_what_the_faulty_one_was(self, shop, lapsed):
        number = shop.sell((shop.gifts, 1))
        (card,) = shop.cards(number)
        if lapsed:
            vault.void_cards(
                merchant_id=shop.merchant, card_uids=[card.card_uid], actor=STAFF, reason="供货商"
            )
        between = shop.stands()
        orders.replace_card(
            merchant_id=shop.merchant, card_uid=card.card_uid, actor=STAFF, reason="坏卡"
        )
        after = shop.stands()

        shop.add(*shop.secrets(number))

        owed = {Account.DEFERRED_REVENUE: GIFT}
        assert between == ({Account.REVENUE: GIFT} if lapsed else owed)
        assert after == owed
        assert shop.stands() == {Account.WALLET: WORTH, Account.GIFT_CARD_DIFFERENCE: GIFT - WORTH}


class TestShares:
    @settings(
        max_examples=25, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(
        prices=st.lists(
            st.tuples(st.integers(0, 3_333), st.integers(1, 3)), min_size=1, max_size=3
        ),
        claims=st.lists(st.booleans(), min_size=3, max_size=3),
        payable=st.integers(1, 9_999),
    )
    def test_F1_shares_add_up_and_each_is_within_one_unit(self, prices, claims, payable):
        merchant = open_merchant(
            slug=f"d-{secrets.token_hex(6)}", name="分摊", kind=MerchantKind.DEMO
        )
        shop = Shop(merchant)
        worth = {"gift_minor": WORTH}
        made = [
            make.sku(merchant, cards=3, price=price, **(worth if claim else {}))
            for (price, _), claim in zip(prices, claims, strict=False)
        ]
        total = sum(price * count for price, count in prices)
        if not total:
            return
        wanted = [(one, count) for one, (_, count) in zip(made, prices, strict=True)]
        payable = min(payable, total)
        shop.sell_at(payable, *wanted)

        stands = shop.stands()
        owed = stands.get(Account.DEFERRED_REVENUE, 0)
        assert owed + stands.get(Account.REVENUE, 0) == payable
        units = [
            (price, claim)
            for (price, count), claim in zip(prices, claims, strict=False)
            for _ in range(count)
        ]
        exact = sum(payable * price / total for price, claim in units if claim)
        assert abs(owed - exact) <= len(units)
        if all(claim for _, claim in units):
            assert owed == payable
