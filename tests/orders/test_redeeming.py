"""V5, L21: a redeem code that was sold is given for a piece of another SKU, once and for ever."""

from datetime import timedelta
from functools import cache, partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kacang.catalog.models import ProductState, Sku, StockMode, Strategy
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.errors import BadRedeemCode, CardInUse
from kacang.orders.models import Event, OrderState
from kacang.orders.queries import Step
from kacang.orders.types import Credentials, Origin
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import settle
from tests.orders.test_replacing import CLERK, ask
from tests.threads import at_once

CONTACT = Contact(email="holder@example.com")
BUYER = Actor("buyer", None, "", "198.51.100.4")
TABLES = (
    "card", "allocation", "sale_order", "order_line", "order_unit", "redemption", "timeline",
    "transfer", "card_movement", "outbox",
)  # fmt: skip
PLACE = Origin(address="198.51.100.4", device="device-1")


account_of = cache(make.account)


def sold(made: make.Stocked) -> str:
    """Sell one code and return it."""
    account = account_of(made.merchant_id)
    placed = make.order(made)
    settle(account, make.notice(placed))
    (unit,) = orders.deliveries(merchant_id=made.merchant_id, number=placed.number, actor=CLERK)
    return unit.secret


def redeem(made: make.Stocked, code: str, **fields: Any) -> orders.Redeemed:
    wish = orders.RedeemRequest(code=code, **{"contact": CONTACT, **fields})
    return orders.redeem(merchant_id=made.merchant_id, request=wish)


def picture(merchant: int) -> list[list[tuple[Any, ...]]]:
    """All that a redemption writes to."""
    return [ask(merchant, f"select t::text from {table} t order by 1") for table in TABLES]


def booked(merchant: int) -> dict[str, int]:
    """What was earned, what it cost, and what was paid in."""
    ((revenue, cost, received),) = ask(
        merchant,
        "select coalesce(sum(amount_minor) filter (where credit = 4100), 0),"
        " coalesce(sum(amount_minor) filter (where debit = 5100), 0),"
        " coalesce(sum(amount_minor) filter (where debit = 1100), 0) from transfer",
    )
    return {"revenue": int(revenue), "cost": int(cost), "received": int(received)}


def figures(merchant: int) -> list[Any]:
    """What the overview says of the day."""
    now = utc_now()
    span: dict[str, Any] = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    return [
        queries.day_figures(merchant_id=merchant, **span),
        queries.by_hour(merchant_id=merchant, zone="Asia/Shanghai", **span),
        queries.best_sellers(merchant_id=merchant, **span),
    ]


def code_of(made: make.Stocked, text: str) -> str:
    """Bring one code in and sell it."""
    merchant = made.merchant_id
    work = vault.import_cards(
        merchant_id=merchant,
        actor=SYSTEM,
        file_uid=vault.seal_lines(merchant_id=merchant, lines=[text]),
        request=vault.ImportRequest(sku_uid=made.sku.uid),
    )
    vault.run_import(merchant_id=merchant, work_uid=work)
    return sold(made)


def a_pool(merchant: int) -> str:
    return vault.create_pool(merchant_id=merchant, actor=SYSTEM, name="秒杀").uid


@pytest.fixture
def target(merchant):
    return make.sku(merchant, cards=2, price=5000, cost=700)


@pytest.fixture
def codes(target):
    return make.redeem_codes(target, cards=3, price=4000, cost=100)


class TestL21RedeemCodes:
    def test_L21_a_sold_code_is_given_for_its_sku_and_delivered_at_once(self, target, codes):
        code = sold(codes)

        done = redeem(codes, f"  {code}\n", origin=PLACE)

        merchant = codes.merchant_id
        assert done.sku_uid == target.sku.uid
        assert done.order.state == OrderState.DELIVERED
        view = queries.order(merchant_id=merchant, number=done.order.number)
        assert (view.channel, view.payable.minor, view.total.minor) == ("redeem", 0, 0)
        assert [(line.sku_uid, line.quantity) for line in view.lines] == [(target.sku.uid, 1)]
        assert view.contact == CONTACT
        (unit,) = orders.deliveries(merchant_id=merchant, number=done.order.number, actor=BUYER)
        assert unit.secret in target.codes
        assert make.card_states(codes) == {CardState.AVAILABLE: 2, CardState.REDEEMED: 1}
        assert make.card_states(target) == {CardState.AVAILABLE: 1, CardState.SOLD: 1}
        levels = cards.stock_levels(merchant_id=merchant, sku_ids=[codes.sku.pk])
        assert levels[codes.sku.pk].redeemed == 1
        assert levels[codes.sku.pk].sold == 0
        access = orders.check_access(
            merchant_id=merchant,
            number=done.order.number,
            credentials=Credentials(token=done.order.access_token),
        )
        assert access
        assert orders.check_references(merchant_id=merchant) == []
        assert vault.check_references(merchant_id=merchant) == []

    def test_the_books_count_the_sale_once_and_each_cost_once(self, target, codes):
        code = sold(codes)
        before = booked(codes.merchant_id)

        redeem(codes, code)

        after = booked(codes.merchant_id)
        assert before == {"revenue": 0, "cost": 100, "received": 4000}
        assert after == {"revenue": 4000, "cost": 800, "received": 4000}

    def test_order_and_card_name_each_other(self, target, codes):
        code = sold(codes)
        (card,) = cards.find_cards(merchant_id=codes.merchant_id, code=code)

        done = redeem(codes, code, origin=PLACE)

        story = queries.timeline(merchant_id=codes.merchant_id, number=done.order.number)
        (entry,) = [one for one in story if one.event == Event.REDEEMED]
        assert (entry.detail, entry.actor_kind) == ({"card": card.uid}, "buyer")
        assert Event.PAID not in {one.event for one in story}
        events = queries.card_history(merchant_id=codes.merchant_id, card_uid=card.uid).events
        assert (events[0].step, events[0].number) == (Step.REDEEMED, done.order.number)
        assert not any(code in str(row) for rows in picture(codes.merchant_id) for row in rows)

    def test_of_sixty_four_holders_at_once_one_gets_an_order(self, target, codes):
        make.stock(target, 70)
        code = sold(codes)

        outcomes = at_once([lambda: redeem(codes, code)] * 64)

        done = [one for one in outcomes if isinstance(one, orders.Redeemed)]
        refused = [one for one in outcomes if isinstance(one, BadRedeemCode)]
        assert (len(done), len(refused)) == (1, 63)
        assert {error.cause for error in refused} == {"redeemed"}
        assert make.card_states(target)[CardState.SOLD] == 1
        assert len(ask(codes.merchant_id, "select 1 from sale_order")) == 2

    def test_different_codes_at_once_all_get_theirs(self, target, codes):
        make.stock(target, 10)
        make.stock(codes, 10)
        bought = [sold(codes) for _ in range(12)]

        outcomes = at_once([partial(redeem, codes, code) for code in bought])

        assert all(isinstance(one, orders.Redeemed) for one in outcomes)
        assert make.card_states(target) == {CardState.SOLD: 12}

    def test_a_code_is_found_in_small_letters_too(self, target, codes):
        code = sold(codes)
        assert code != code.lower()
        made = make.redeem_codes(target, cards=0)
        upper = code_of(made, "RD-7K2D-9QXA")

        redeem(made, upper.lower())

        assert make.card_states(made) == {CardState.REDEEMED: 1}

    def test_what_is_off_sale_or_limited_is_redeemed_all_the_same(self, target, codes):
        code = sold(codes)
        with acting_as(target.merchant_id):
            Sku.objects.filter(pk=target.sku.pk).update(
                on_sale=False, min_per_order=2, max_per_buyer=1
            )
            product = target.sku.product
            product.state = ProductState.OFF_SALE
            product.save()

        assert redeem(codes, code).order.state == OrderState.DELIVERED

    def test_a_loop_card_can_be_what_is_redeemed(self, merchant):
        loop = make.sku(merchant, cards=0, stock_mode=StockMode.LOOP)
        make.stock(loop, 1, loop=True)
        made = make.redeem_codes(loop, cards=2)

        numbers = {redeem(made, sold(made)).order.number for _ in range(2)}

        assert len(numbers) == 2

    def test_one_that_buyers_choose_is_given_at_random(self, merchant):
        chosen = make.sku(merchant, cards=2, strategy=Strategy.CHOSEN)
        made = make.redeem_codes(chosen)

        assert redeem(made, sold(made)).order.state == OrderState.DELIVERED

    def test_it_is_no_sale_in_the_figures(self, target, codes):
        code = sold(codes)
        before = figures(codes.merchant_id)

        redeem(codes, code)

        assert figures(codes.merchant_id) == before


class TestRedeemedIsFinal:
    def test_no_hand_changes_the_card_any_more(self, target, codes):
        merchant, code = codes.merchant_id, sold(codes)
        redeem(codes, code)
        (card,) = cards.find_cards(merchant_id=merchant, code=code)
        before = picture(merchant)
        who: dict[str, Any] = {"merchant_id": merchant, "actor": CLERK, "reason": "x"}

        for change in (
            vault.void_cards,
            vault.mark_faulty,
            vault.freeze_cards,
            vault.restore_cards,
        ):
            (result,) = change(card_uids=[card.uid], **who)
            assert (result.changed, result.state) == (False, CardState.REDEEMED)
        with pytest.raises(CardInUse):
            orders.replace_card(card_uid=card.uid, **who)
        for wanted, terms in (
            (vault.Change.OTHER_SKU, vault.Terms(sku_uid=target.sku.uid)),
            (vault.Change.POOL, vault.Terms(pool_uid=a_pool(merchant))),
        ):
            wish = vault.ChangeRequest(wanted, "x", card_uids=[card.uid], terms=terms)
            uid = vault.change_cards(merchant_id=merchant, actor=CLERK, request=wish)
            vault.run_change(merchant_id=merchant, work_uid=uid)

        assert picture(merchant) == before

    def test_the_database_knows_a_code_once_and_an_order_once(self, target, codes):
        merchant = codes.merchant_id
        redeem(codes, sold(codes))
        redeem(codes, sold(codes))
        first, second = ask(merchant, "select card_id, order_id from redemption order by id")

        for card_id, order_id in ((first[0], None), (None, second[1])):
            with (
                pytest.raises(IntegrityError),
                acting_as(merchant),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(
                    "insert into redemption (merchant_id, card_id, order_id, at)"
                    " select %s, coalesce(%s, max(id)), coalesce(%s, (select max(id) from"
                    " sale_order)), now() from card",
                    [merchant, card_id, order_id],
                )
