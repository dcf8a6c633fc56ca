"""V3: a faulty card of a buyer is replaced, once, with everything that hangs on it."""

from typing import Any

import pytest
from django.db import connection

from kacang.catalog.models import StockMode, Strategy
from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.errors import CardInUse, NoReplacement, NothingToReplace
from kacang.orders.models import Event
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import settle, time_shifted
from tests.threads import at_once

CLERK = Actor("user", 7, "su@example.com", "203.0.113.9")
REASON = "买家反馈已被使用"


def bought(made: make.Stocked, quantity: int = 1):
    account = make.account(made.merchant_id)
    placed = make.order(made, quantity)
    settle(account, make.notice(placed))
    return placed


def given(made: make.Stocked, number: str) -> list[cards.UnitCard]:
    view = queries.order(merchant_id=made.merchant_id, number=number)
    return cards.cards_of_units(
        merchant_id=made.merchant_id, line_ids=[line.id for line in view.lines]
    )


def codes(made: make.Stocked, number: str):
    return orders.deliveries(merchant_id=made.merchant_id, number=number, actor=CLERK)


def replace(made: make.Stocked, card_uid: str) -> orders.Replaced:
    return orders.replace_card(
        merchant_id=made.merchant_id, card_uid=card_uid, actor=CLERK, reason=REASON
    )


def ask(merchant: int, text: str) -> list[tuple[Any, ...]]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


def picture(merchant: int) -> list[list[tuple[Any, ...]]]:
    """All that a replacement writes to."""
    return [
        ask(merchant, f"select * from {table} order by 1, 2, 3")
        for table in (
            "card", "allocation", "card_movement", "transfer", "timeline", "audit_entry",
            "order_unit", "sale_order",
        )
    ]  # fmt: skip


@pytest.fixture
def made(merchant):
    return make.sku(merchant, cards=3, cost=120, strategy=Strategy.FIRST_IN)


class TestReplaceCard:
    def test_gives_the_same_unit_another_card(self, merchant, made):
        placed = bought(made, 2)
        first, second = given(made, placed.number)

        done = replace(made, second.card_uid)

        assert (done.number, done.unit_no) == (placed.number, 2)
        kept, new = given(made, placed.number)
        assert (kept.card_uid, kept.was_replaced) == (first.card_uid, False)
        assert (new.card_uid, new.was_replaced) == (done.card_uid, True)
        assert new.card_uid != second.card_uid
        shown = codes(made, placed.number)
        assert [code.secret for code in shown] == [made.codes[0], made.codes[2]]
        assert shown[0].replaced_at is None
        assert shown[1].replaced_at == new.delivered_at

    def test_keeps_what_was_before_and_says_what_happened(self, merchant, made):
        placed = bought(made)
        (old,) = given(made, placed.number)

        done = replace(made, old.card_uid)

        past = ask(
            merchant,
            "select unit_no, delivered_at is not null, released_at is not null from allocation"
            " order by id",
        )
        assert past == [(1, True, True), (1, True, False)]
        entry = queries.timeline(merchant_id=merchant, number=placed.number)[-1]
        assert (entry.event, entry.actor_label) == (Event.REPLACED, CLERK.label)
        assert entry.detail == {"text": REASON, "line": 1, "unit": 1}
        with acting_as(merchant):
            written = AuditEntry.objects.filter(merchant_id=merchant).order_by("id")
            assert [
                (row.action, row.object_uid, row.reason, row.before, row.after)
                for row in written
                if row.actor_label == CLERK.label
            ] == [
                ("cards.faulty", old.card_uid, REASON, None, None),
                (
                    "orders.replace_card",
                    placed.number,
                    REASON,
                    {"card": old.card_uid},
                    {"card": done.card_uid},
                ),
            ]

    def test_leaves_stock_and_books_right(self, merchant, made):
        placed = bought(made)
        (old,) = given(made, placed.number)

        replace(made, old.card_uid)

        assert make.card_states(made) == {
            CardState.AVAILABLE: 1,
            CardState.SOLD: 1,
            CardState.FAULTY: 1,
        }
        levels = cards.stock_levels(merchant_id=merchant, sku_ids=[made.sku.pk])[made.sku.pk]
        assert (levels.available, levels.reserved, levels.sold, levels.faulty) == (1, 0, 1, 1)
        # Both cards were bought from the supplier, and the buyer paid once.
        costs = ask(merchant, "select amount_minor from transfer where debit = 5100")
        assert costs == [(120,), (120,)]
        income = ask(merchant, "select sum(amount_minor) from transfer where credit = 4100")
        assert income == [(1999,)]
        assert vault.check_references(merchant_id=merchant) == []
        assert orders.check_references(merchant_id=merchant) == []

    def test_changes_nothing_when_none_is_left(self, merchant):
        made = make.sku(merchant, cards=1)
        placed = bought(made)
        (old,) = given(made, placed.number)
        before = picture(merchant)

        with pytest.raises(NoReplacement):
            replace(made, old.card_uid)

        assert picture(merchant) == before

    def test_takes_a_card_whose_reservation_has_run_out(self, merchant, settings):
        made = make.sku(merchant, cards=2)
        placed = bought(made)
        (old,) = given(made, placed.number)
        slow = make.order(made)

        with pytest.raises(NoReplacement):
            replace(made, old.card_uid)
        with time_shifted(settings, 3600):
            replace(made, old.card_uid)

        assert make.card_states(made) == {CardState.SOLD: 1, CardState.FAULTY: 1}
        assert given(made, slow.number) == []
        assert vault.check_references(merchant_id=merchant) == []

    def test_replaces_a_card_that_staff_have_taken_out_already(self, merchant, made):
        placed = bought(made, 2)
        faulty, void = given(made, placed.number)
        named = {"merchant_id": merchant, "actor": CLERK, "reason": REASON}
        vault.mark_faulty(card_uids=[faulty.card_uid], **named)
        vault.void_cards(card_uids=[void.card_uid], **named)

        replace(made, faulty.card_uid)
        make.stock(made, 1)
        replace(made, void.card_uid)

        assert make.card_states(made) == {
            CardState.SOLD: 2,
            CardState.FAULTY: 1,
            CardState.VOID: 1,
        }

    def test_refuses_what_nobody_has_or_everybody(self, merchant, made):
        placed = bought(made)
        (old,) = given(made, placed.number)
        replace(made, old.card_uid)
        loop = make.sku(merchant, cards=0, price=0, stock_mode=StockMode.LOOP)
        make.stock(loop, 1, loop=True)
        shared = bought_free(loop, 1)
        (all_have_it,) = given(loop, shared.number)
        before = picture(merchant)

        for uid in (old.card_uid, all_have_it.card_uid):
            with pytest.raises(NothingToReplace):
                replace(made, uid)

        assert picture(merchant) == before

    @pytest.mark.parametrize("state", [CardState.ACTIVATED, CardState.REDEEMED])
    def test_refuses_a_card_that_is_in_use(self, merchant, made, state):
        placed = bought(made)
        (old,) = given(made, placed.number)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update card set state = %s where state = 2", [int(state)])
        before = picture(merchant)

        with pytest.raises(CardInUse):
            replace(made, old.card_uid)

        assert picture(merchant) == before

    def test_needs_a_reason(self, merchant, made):
        placed = bought(made)
        (old,) = given(made, placed.number)
        before = picture(merchant)

        with pytest.raises(vault.ReasonMissing):
            orders.replace_card(
                merchant_id=merchant, card_uid=old.card_uid, actor=CLERK, reason=" "
            )

        assert picture(merchant) == before

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant, made):
        placed = bought(made)
        (old,) = given(made, placed.number)

        with pytest.raises(vault.UnknownCard):
            orders.replace_card(
                merchant_id=other_merchant, card_uid=old.card_uid, actor=CLERK, reason=REASON
            )

    def test_is_done_once_though_many_ask(self, merchant):
        made = make.sku(merchant, cards=30, strategy=Strategy.RANDOM)
        placed = bought(made)
        (old,) = given(made, placed.number)

        outcomes = at_once([lambda: replace(made, old.card_uid) for _ in range(12)], threads=12)

        refused = [one for one in outcomes if isinstance(one, NothingToReplace)]
        assert len(refused) == 11
        (done,) = [one for one in outcomes if isinstance(one, orders.Replaced)]
        assert [unit.card_uid for unit in given(made, placed.number)] == [done.card_uid]
        assert make.card_states(made) == {
            CardState.AVAILABLE: 28,
            CardState.SOLD: 1,
            CardState.FAULTY: 1,
        }

    def test_takes_each_card_once_though_buyers_buy_meanwhile(self, merchant):
        made = make.sku(merchant, cards=24, price=0, strategy=Strategy.FIRST_IN)
        placed = bought_free(made, 8)
        held = given(made, placed.number)

        outcomes = at_once(
            [lambda unit=unit: replace(made, unit.card_uid) for unit in held]
            + [lambda: bought_free(made, 1) for _ in range(16)],
            threads=12,
        )

        # 16 were left for 8 replacements and 16 buyers: 16 of them got one, each another.
        assert sum(not isinstance(one, Exception) for one in outcomes) == 16
        states = make.card_states(made)
        assert states.get(CardState.AVAILABLE, 0) == 0
        holders = ask(
            merchant,
            "select count(*), count(distinct card_id) from allocation where released_at is null",
        )
        assert holders == [(24 - states.get(CardState.FAULTY, 0),) * 2]
        assert vault.check_references(merchant_id=merchant) == []


def bought_free(made: make.Stocked, quantity: int):
    return orders.place_order(merchant_id=made.merchant_id, request=make.request(made, quantity))
