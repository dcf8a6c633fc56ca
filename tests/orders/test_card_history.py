"""V3, V6: all that happened to one card, whoever did it, in order and by pages."""

from typing import Any

import pytest
from django.db import connection

from kacang.catalog.models import StockMode
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.queries import Step
from kacang.shared.contacts import Contact
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from tests import make
from tests.orders.looking import settle, time_shifted
from tests.orders.test_replacing import CLERK, REASON, ask, bought_free, given, replace
from tests.vault import conftest as vault_make

BUYER = Actor("buyer", None, "", "198.51.100.4")
CONTACT = Contact(email="zhao.min@example.com")


def history(made: make.Stocked, card_uid: str, **more):
    return queries.card_history(merchant_id=made.merchant_id, card_uid=card_uid, **more)


def told(made: make.Stocked, card_uid: str) -> list[tuple[Any, ...]]:
    """Steps, the oldest first, with what the log calls them."""
    found = history(made, card_uid, limit=200)
    return [(one.step, one.action) for one in reversed(found.events)]


def look(made: make.Stocked, number: str, actor: Actor, reason: str = "", **page) -> None:
    orders.deliveries(
        merchant_id=made.merchant_id, number=number, actor=actor, reason=reason, **page
    )


@pytest.fixture
def sold(merchant):
    """A card that one buyer let go and another bought, and the order."""
    made = make.sku(merchant, cards=1, cost=50)
    account = make.account(merchant)
    first = make.order(made)
    orders.cancel_order(merchant_id=merchant, number=first.number, actor=CLERK)
    second = make.order(made, contact=CONTACT)
    settle(account, make.notice(second))
    return made, first.number, second.number


class TestCardHistory:
    def test_goes_from_the_batch_to_the_buyer_and_back(self, merchant, sold):
        made, first, second = sold
        (old,) = given(made, second)
        look(made, second, BUYER)
        vault.reveal(merchant_id=merchant, card_uids=[old.card_uid], actor=CLERK, reason="查单")
        make.stock(made, 1)
        done = replace(made, old.card_uid)
        look(made, second, CLERK, "新码")

        assert told(made, old.card_uid) == [
            (Step.CAME_IN, ""),
            (Step.RESERVED, ""),
            (Step.LET_GO, ""),
            (Step.RESERVED, ""),
            (Step.DELIVERED, ""),
            (Step.OPENED, "secrets.reveal"),
            (Step.LOGGED, "cards.reveal"),
            (Step.LOGGED, "cards.faulty"),
            (Step.TAKEN_BACK, ""),
        ]
        found = history(made, old.card_uid)
        assert (found.number, found.unit_no) == ("", 0)
        assert found.source.cost.minor == 50
        by_step = {one.step: one for one in found.events}
        assert by_step[Step.DELIVERED].number == second
        assert by_step[Step.DELIVERED].contact == CONTACT
        assert by_step[Step.LET_GO].number == first
        assert by_step[Step.OPENED].address == BUYER.address
        assert by_step[Step.TAKEN_BACK].other == done.card_uid
        faulty = next(one for one in found.events if one.action == "cards.faulty")
        assert (faulty.actor_label, faulty.address, faulty.reason) == (
            CLERK.label, CLERK.address, REASON,
        )  # fmt: skip
        # The new card's own life begins later, and names the one that it replaced.
        assert told(made, done.card_uid) == [
            (Step.CAME_IN, ""),
            (Step.DELIVERED, ""),
            (Step.OPENED, "secrets.reveal"),
        ]
        after = history(made, done.card_uid)
        assert (after.number, after.unit_no) == (second, 1)
        assert after.events[1].other == old.card_uid

    def test_of_a_chain_each_names_its_neighbours(self, merchant, sold):
        made, _, number = sold
        chain = [given(made, number)[0].card_uid]
        for _again in range(2):
            make.stock(made, 1)
            chain.append(replace(made, chain[-1]).card_uid)

        first, second, third = (
            {one.step: one.other for one in history(made, uid).events} for uid in chain
        )
        assert (first[Step.DELIVERED], first[Step.TAKEN_BACK]) == ("", chain[1])
        assert (second[Step.DELIVERED], second[Step.TAKEN_BACK]) == (chain[0], chain[2])
        assert third[Step.DELIVERED] == chain[1]
        assert Step.TAKEN_BACK not in third

    def test_holds_looks_at_this_card_only(self, merchant):
        made = make.sku(merchant, cards=5, price=0)
        number = bought_free(made, 5).number
        units = given(made, number)
        look(made, number, BUYER, offset=0, limit=2)
        look(made, number, BUYER, offset=2, limit=2)
        look(made, number, CLERK, "all")

        looks = [
            [one.after["part"] for one in history(made, unit.card_uid).events
             if one.step is Step.OPENED]
            for unit in units
        ]  # fmt: skip

        assert looks == [
            ["0+200", "0+2"], ["0+200", "0+2"], ["0+200", "2+2"], ["0+200", "2+2"], ["0+200"],
        ]  # fmt: skip

    def test_holds_what_was_done_to_the_whole_batch(self, merchant, sold):
        made, _, number = sold
        (unit,) = given(made, number)
        work = vault.change_cards(
            merchant_id=merchant,
            actor=CLERK,
            request=vault.ChangeRequest(
                change=vault.Change.FREEZE, reason="供货商核查", batch_uid=made.batch.uid
            ),
        )

        (event,) = [
            one for one in history(made, unit.card_uid).events if one.step is Step.BATCH_LOGGED
        ]
        assert (event.action, event.reason) == ("cards.bulk_freeze", "供货商核查")
        assert event.after["job"] == work

    def test_pages_hold_each_event_once(self, merchant, sold):
        made, _, number = sold
        (unit,) = given(made, number)
        for _ in range(6):
            look(made, number, BUYER)
        # Several of one instant, across the end of a page.
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                """insert into audit_entry (merchant_id, at, actor_kind, actor_label, action,
                       object_kind, object_uid, reason, address)
                   select %s::bigint, '2026-11-25T10:00:00Z', 'user', 'x', 'cards.reveal', 'card',
                          %s::text, n::text, ''
                   from generate_series(1, 7) n""",
                [merchant, unit.card_uid],
            )
        whole = history(made, unit.card_uid, limit=200).events
        assert len(whole) == 5 + 6 + 7

        for limit in (1, 3, 4):
            pages, after = [], ""
            while True:
                page = history(made, unit.card_uid, cursor=after, limit=limit)
                assert len(page.events) <= limit
                pages += page.events
                after = page.next_cursor
                if not after:
                    break
            assert pages == list(whole)

    def test_of_a_card_for_everybody_is_paged_too(self, merchant):
        made = make.sku(merchant, cards=0, price=0, stock_mode=StockMode.LOOP)
        make.stock(made, 1, loop=True)
        numbers = [bought_free(made, 1).number for _ in range(5)]
        (unit,) = given(made, numbers[0])

        first = history(made, unit.card_uid, limit=3)
        rest = history(made, unit.card_uid, limit=10, cursor=first.next_cursor)

        assert first.source.is_loop
        assert [one.number for one in first.events] == numbers[:1:-1]
        assert [one.number for one in rest.events] == [numbers[1], numbers[0], ""]
        assert rest.events[-1].step is Step.CAME_IN

    def test_of_a_stranger_is_unknown(self, merchant, other_merchant, sold):
        made, _, number = sold
        (unit,) = given(made, number)

        with pytest.raises(vault.UnknownCard):
            queries.card_history(merchant_id=other_merchant, card_uid=unit.card_uid)

    def test_a_card_taken_over_unpaid_names_both(self, merchant, settings):
        made = make.sku(merchant, cards=1)
        make.account(merchant)
        slow = make.order(made).number
        with time_shifted(settings, 3600):
            quick = make.order(made).number
        ((card_id,),) = ask(merchant, "select id from card")
        card = cards.uid_of(merchant_id=merchant, card_id=card_id)

        events = history(made, card).events
        assert {(one.step, one.number) for one in events} == {
            (Step.CAME_IN, ""),
            (Step.RESERVED, slow),
            (Step.LET_GO, slow),
            (Step.RESERVED, quick),
        }  # fmt: skip


class TestManyAtOnce:
    """A change of all cards that fit a filter is one entry of the log, and a step of each card."""

    def stock(self, merchant: int) -> tuple[vault_make.Make, str, list[str]]:
        maker = vault_make.Make(merchant)
        sku = maker.sku()
        batch = maker.imported(sku, b"title\n\nA\nB\nC\n").result["batch"]
        return maker, sku, [card.uid for card in maker.cards(batch)]

    def change(self, maker: vault_make.Make, sku: str, change: vault.Change, why: str) -> str:
        request = vault.ChangeRequest(
            change, why, matching=cards.CardFilter(sku_id=maker.sku_id(sku), text="")
        )
        uid = vault.change_cards(merchant_id=maker.merchant_id, actor=CLERK, request=request)
        vault.run_change(merchant_id=maker.merchant_id, work_uid=uid)
        return uid

    def acts(self, merchant: int, card: str) -> list[tuple[str, str, str]]:
        found = queries.card_history(merchant_id=merchant, card_uid=card, limit=200)
        return [
            (one.action, one.reason, one.actor_label)
            for one in reversed(found.events)
            if one.step == Step.LOGGED
        ]

    def test_is_told_of_each_card_that_it_changed_and_of_no_other(self, merchant, other_merchant):
        maker, sku, uids = self.stock(merchant)
        vault.mark_faulty(merchant_id=merchant, card_uids=uids[:1], actor=CLERK, reason="无效")

        job = self.change(maker, sku, vault.Change.FREEZE, "核查")
        undo = vault.undo_change(merchant_id=merchant, actor=CLERK, work_uid=job, reason="完毕")
        vault.run_change(merchant_id=merchant, work_uid=undo)

        both = [("cards.frozen", "核查", CLERK.label), ("cards.undone", "完毕", CLERK.label)]
        assert [self.acts(merchant, uid) for uid in uids] == [
            [("cards.faulty", "无效", CLERK.label)], both, both, both,
        ]  # fmt: skip
        with acting_as(other_merchant), connection.cursor() as cursor:
            cursor.execute("select count(*) from card_change")
            assert cursor.fetchone() == (0,)

    def test_names_the_line_of_the_file(self, merchant):
        _maker, _sku, uids = self.stock(merchant)

        found = [queries.card_history(merchant_id=merchant, card_uid=uid).source for uid in uids]

        assert [(one.place, one.line) for one in found] == [(1, 1), (2, 3), (3, 4), (4, 5)]

    def test_a_card_that_was_made_here_has_no_line(self, merchant):
        maker = vault_make.Make(merchant)
        batch = maker.generated(maker.sku(), 2, "X{16}").result["batch"]

        for card in maker.cards(batch):
            found = queries.card_history(merchant_id=merchant, card_uid=card.uid)
            assert found.source.line == 0
