"""Goods are sold as cards are: reserved when placed, owed when paid, gone when handed over."""

from collections import Counter
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.catalog.models import Sku, Strategy
from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries, sql
from kacang.orders.buying import placing
from kacang.orders.errors import BadChoice, NotNow, SoldOut
from kacang.orders.fulfilling import delivering, giving, goods, releasing
from kacang.orders.models import Event, OrderState, UnitState
from kacang.orders.money import settling
from kacang.orders.statements import Statement, rows
from kacang.orders.types import Item, PlacedOrder, PlaceRequest
from kacang.payments.ports import AccountInfo
from kacang.payments.queries import NoticeOutcome
from kacang.shared.contacts import Contact
from kacang.stock import queries as stock
from kacang.stock.queries import GoodsLevel
from tests import make as cards
from tests.stock.conftest import ACTOR, Make
from tests.threads import at_once


class Shop:
    """A merchant who sells goods at the sandbox."""

    def __init__(self, merchant: int, account: AccountInfo | None = None) -> None:
        self.merchant = merchant
        self.stock = Make(merchant)
        self.account = account or cards.account(merchant)

    def place(self, *items: tuple[str, int], **fields) -> PlacedOrder:
        wish = cards.request(self.some, **{"provider": "sandbox", **fields})
        request = PlaceRequest(
            items=tuple(Item(sku, count) for sku, count in items),
            contact=wish.contact,
            provider=wish.provider,
            recipient=wish.recipient,
        )
        return operations.place_order(merchant_id=self.merchant, request=request)

    @property
    def some(self) -> cards.Stocked:
        return cards.Stocked(self.merchant, Sku(uid="none"), None)  # type: ignore[arg-type]

    def pay(self, placed: PlacedOrder) -> NoticeOutcome:
        return operations.settle_notice(account=self.account, notice=cards.notice(placed))

    def order(self, placed: PlacedOrder):
        return queries.order(merchant_id=self.merchant, number=placed.number)

    def units(self, placed: PlacedOrder) -> Counter[UnitState]:
        found: Counter[UnitState] = Counter()
        for line in self.order(placed).lines:
            found.update(line.units)
        return found

    def events(self, placed: PlacedOrder) -> list[Event]:
        told = queries.timeline(merchant_id=self.merchant, number=placed.number)
        return [entry.event for entry in told]

    def wrong(self) -> list[str]:
        found = operations.check_references(merchant_id=self.merchant)
        return self.stock.wrong() + [finding.what for finding in found]

    def books(self, *accounts: Account) -> tuple[int, ...]:
        found = balances(merchant_id=self.merchant)
        return tuple(
            sum(one.amount.minor for one in found if one.account == which) for which in accounts
        )

    def hand_over(self, placed: PlacedOrder) -> int:
        return operations.hand_over(merchant_id=self.merchant, number=placed.number, actor=ACTOR)


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def nuts(shop) -> str:
    sku: str = shop.stock.goods()
    shop.stock.received(sku, 5, cost=700)
    return sku


class TestSale:
    def test_S1_reserved_then_owed_then_gone(self, shop, nuts):
        placed = shop.place((nuts, 2))
        assert shop.stock.level(nuts) == GoodsLevel(available=3, reserved=2)

        assert shop.pay(placed) is NoticeOutcome.SETTLED

        assert shop.order(placed).state is OrderState.PAID
        assert shop.units(placed) == {UnitState.OWED: 2}
        assert shop.stock.level(nuts) == GoodsLevel(available=3, sold=2)
        assert shop.books(Account.ADVANCE_FROM_BUYER, Account.REVENUE) == (-39_600, 0)
        assert shop.wrong() == []

        assert shop.hand_over(placed) == 2

        assert shop.order(placed).state is OrderState.DELIVERED
        assert shop.units(placed) == {UnitState.DELIVERED: 2}
        assert shop.stock.level(nuts) == GoodsLevel(available=3)
        assert shop.books(
            Account.ADVANCE_FROM_BUYER, Account.REVENUE, Account.COST_OF_SALES, Account.INVENTORY
        ) == (0, -39_600, 1400, 2100)
        assert shop.events(placed) == [Event.PLACED, Event.PAID, Event.READY, Event.HANDED_OVER]
        assert shop.wrong() == []

    def test_each_movement_names_its_order(self, shop, nuts):
        placed = shop.place((nuts, 1))
        shop.pay(placed)

        sku_id = shop.stock.id_of(nuts)
        told = stock.movements(merchant_id=shop.merchant, sku_id=sku_id).items
        line = shop.order(placed).lines[0].id
        assert [(one.was, one.now, one.line_id) for one in told] == [
            (1, 2, line),
            (0, 1, line),
            (None, 0, None),
        ]

    def test_L2_equal_callbacks_sell_once(self, shop, nuts):
        placed = shop.place((nuts, 2))
        notice = cards.notice(placed)

        at_once(
            [lambda: operations.settle_notice(account=shop.account, notice=notice)] * 8, threads=8
        )

        assert shop.stock.level(nuts) == GoodsLevel(available=3, sold=2)
        assert shop.wrong() == []

    def test_handed_over_once_however_many_say_so(self, shop, nuts):
        placed = shop.place((nuts, 2))
        with pytest.raises(NotNow):
            shop.hand_over(placed)
        shop.pay(placed)

        told = at_once([lambda: shop.hand_over(placed)] * 8, threads=8)

        assert sorted(isinstance(one, NotNow) for one in told) == [False] + [True] * 7
        assert shop.stock.value(nuts) == (3, 2100)
        assert shop.wrong() == []

    def test_a_free_order_is_owed_at_once(self, shop, nuts):
        with acting_as(shop.merchant):
            Sku.objects.filter(merchant_id=shop.merchant, uid=nuts).update(price_minor=0)

        placed = shop.place((nuts, 1), provider="")

        assert placed.state is OrderState.PAID
        assert shop.stock.level(nuts) == GoodsLevel(available=4, sold=1)
        assert shop.hand_over(placed) == 1
        assert shop.wrong() == []

    def test_goods_are_not_chosen_by_card(self, shop, nuts):
        wish = PlaceRequest(
            items=(Item(nuts, 1, ("crd_x",)),), contact=Contact(email="a@example.com")
        )
        with pytest.raises(BadChoice):
            operations.place_order(merchant_id=shop.merchant, request=wish)


class TestCards:
    def test_a_sale_of_cards_asks_the_stock_nothing(self, shop, monkeypatch):
        made = cards.sku(shop.merchant, cards=2, strategy=Strategy.FIRST_IN)
        asked = [text for text in vars(sql).values() if isinstance(text, Statement)]
        assert not any(b"goods_" in text.text for text in asked)
        told: list[Statement | str] = []

        def spied(text: Statement | str, given: dict[str, object]) -> object:
            told.append(text)
            return rows(text, given)

        for module in (placing, settling, delivering, goods, giving, releasing):
            monkeypatch.setattr(module, "rows", spied)
        with CaptureQueriesContext(connection) as others:
            shop.pay(shop.place((made.sku.uid, 1)))

        steps = [sql.QUOTE, sql.PLACE_QUICK, sql.RECEIVE, sql.CLASSIFY, sql.DELIVER_QUICK]
        assert told == steps
        assert not any("goods_" in one["sql"] for one in others.captured_queries)


class TestMixed:
    def test_cards_are_delivered_and_goods_owed(self, shop, nuts):
        made = cards.sku(shop.merchant, cards=2)

        placed = shop.place((made.sku.uid, 2), (nuts, 1))
        shop.pay(placed)

        assert shop.order(placed).state is OrderState.PAID
        assert shop.units(placed) == {UnitState.DELIVERED: 2, UnitState.OWED: 1}
        codes = operations.deliveries(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
        assert sorted(code.secret for code in codes) == sorted(made.codes)
        shop.hand_over(placed)
        assert shop.order(placed).state is OrderState.DELIVERED
        assert shop.wrong() == []

    @pytest.mark.parametrize(("cards_there", "pieces"), [(2, 6), (1, 1)])
    def test_all_or_nothing_when_either_is_short(self, shop, nuts, cards_there, pieces):
        made = cards.sku(shop.merchant, cards=cards_there)

        with pytest.raises(SoldOut):
            shop.place((made.sku.uid, 2), (nuts, pieces))

        assert shop.stock.level(nuts) == GoodsLevel(available=5)
        assert cards.card_states(made) == {0: cards_there}
        assert shop.wrong() == []

    def test_a_batch_serves_whom_it_can(self, shop, nuts):
        made = cards.sku(shop.merchant, cards=1)
        wishes = [
            PlaceRequest(
                items=tuple(Item(sku, count) for sku, count in items),
                contact=Contact(email=f"b{at}@example.com"),
            )
            for at, items in enumerate(
                [[(nuts, 4)], [(nuts, 2)], [(nuts, 1), (made.sku.uid, 1)], [(made.sku.uid, 1)]]
            )
        ]

        told = operations.place_orders(merchant_id=shop.merchant, requests=wishes)

        assert sum(isinstance(one, PlacedOrder) for one in told) == 2
        level = shop.stock.level(nuts)
        assert level.on_hand == 5
        assert level.reserved in {4, 5}
        assert shop.wrong() == []


class TestTime:
    def test_cancelled_pieces_are_free_at_once(self, shop, nuts):
        placed = shop.place((nuts, 5))

        operations.cancel_order(merchant_id=shop.merchant, number=placed.number, actor=ACTOR)

        assert shop.stock.level(nuts) == GoodsLevel(available=5)
        assert shop.units(placed) == {UnitState.RELEASED: 5}
        assert shop.wrong() == []

    def test_the_clock_frees_what_nobody_paid(self, shop, nuts, settings):
        shop.place((nuts, 5))
        settings.HOT_CLOCK_SHIFT_SECONDS = 7200

        assert operations.expire_due(merchant_id=shop.merchant) == 1

        assert shop.stock.level(nuts) == GoodsLevel(available=5)
        assert shop.wrong() == []

    def test_L7_pieces_of_an_overdue_order_are_sold_though_no_job_ran(self, shop, nuts, settings):
        late = shop.place((nuts, 4))
        with pytest.raises(SoldOut):
            shop.place((nuts, 3))
        settings.HOT_CLOCK_SHIFT_SECONDS = 7200

        placed = shop.place((nuts, 3))

        assert shop.order(late).state is OrderState.CANCELLED
        assert shop.order(placed).state is OrderState.PENDING
        assert shop.stock.level(nuts) == GoodsLevel(available=2, reserved=3)
        assert shop.wrong() == []

    def test_L4_late_money_takes_what_is_left_or_waits_until_stock_comes(self, shop, nuts):
        late, later = shop.place((nuts, 2)), shop.place((nuts, 3))
        for one in (late, later):
            operations.cancel_order(merchant_id=shop.merchant, number=one.number, actor=ACTOR)
        shop.place((nuts, 2))

        shop.pay(late)
        shop.pay(later)

        assert shop.order(late).state is OrderState.PAID
        assert shop.order(later).state is OrderState.ON_HOLD
        assert shop.units(later) == {UnitState.SHORT: 3}
        assert shop.wrong() == []
        shop.stock.received(nuts, 2)
        sku_id = shop.stock.id_of(nuts)
        assert operations.continue_waiting(merchant_id=shop.merchant, sku_id=sku_id) == 1
        assert shop.order(later).state is OrderState.PAID
        assert shop.stock.level(nuts) == GoodsLevel(available=0, reserved=2, sold=5)
        assert shop.wrong() == []

    def test_money_after_the_time_still_finds_its_own_pieces(self, shop, nuts, settings):
        placed = shop.place((nuts, 5))
        settings.HOT_CLOCK_SHIFT_SECONDS = 7200

        shop.pay(placed)

        assert shop.order(placed).state is OrderState.PAID
        assert shop.stock.level(nuts) == GoodsLevel(sold=5)
        assert shop.wrong() == []


class TestRace:
    def test_S2_64_at_once_at_23_pieces_sell_23(self, shop):
        sku = shop.stock.goods()
        shop.stock.received(sku, 23)

        told = at_once([lambda: shop.place((sku, 1))] * 64)

        placed = [one for one in told if isinstance(one, PlacedOrder)]
        assert len(placed) == 23
        assert {type(one) for one in told} == {PlacedOrder, SoldOut}
        assert shop.stock.level(sku) == GoodsLevel(reserved=23)
        at_once([partial(shop.pay, one) for one in placed])
        assert shop.stock.level(sku) == GoodsLevel(sold=23)
        assert shop.wrong() == []

    def test_S2_two_kinds_wanted_crosswise_never_lock_up(self, shop):
        nuts, tea = shop.stock.goods(), shop.stock.goods()
        shop.stock.received(nuts, 20)
        shop.stock.received(tea, 20)

        told = at_once(
            [lambda: shop.place((nuts, 1), (tea, 2)), lambda: shop.place((tea, 1), (nuts, 2))] * 16
        )

        placed = [one for one in told if isinstance(one, PlacedOrder)]
        left = shop.stock.level(nuts), shop.stock.level(tea)
        assert len(placed) in {13, 14}
        assert min(one.available for one in left) < 2
        for one in placed:
            operations.cancel_order(merchant_id=shop.merchant, number=one.number, actor=ACTOR)
        assert shop.stock.level(nuts) == shop.stock.level(tea) == GoodsLevel(available=20)
        assert shop.wrong() == []
