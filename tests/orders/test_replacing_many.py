"""V3, V6: a whole batch was bad: many cards are replaced by one job, and each says what became."""

import json
from collections import Counter

import pytest
from django.db import connection

from kacang.catalog.models import StockMode, Strategy
from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.cards import replacing_many
from kacang.orders.errors import NothingToReplace
from kacang.outbox.queries import WorkState, works
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.models import CardState
from kacang.vault.operations import Change, ChangeRequest
from kacang.vault.queries import CardFilter
from tests import make
from tests.orders.bad_batches import (
    a_batch,
    asked,
    done,
    ended,
    held,
    is_sound,
    lines,
    spare,
    started,
)
from tests.orders.test_replacing import CLERK, bought, bought_free, codes, given, picture
from tests.orders.test_replacing import replace as replace_one
from tests.vault.test_count_plans import lying


@pytest.fixture
def made(merchant):
    return a_batch(merchant)


class TestReplaceCards:
    def test_replaces_what_is_sold_and_marks_the_rest_of_the_batch(self, merchant, made):
        first, second = bought_free(made, 2), bought_free(made, 1)
        bad = held(made, first.number, second.number)
        good = spare(made, 4)

        item = done(merchant, batch_uid=made.batch.uid)

        assert (item.state, item.done, item.total) == (WorkState.DONE, 3, 3)
        told = {key: item.result[key] for key in ("replaced", "stayed", "reasons", "marked")}
        assert told == {"replaced": 3, "stayed": 0, "reasons": {}, "marked": 2}
        for placed in (first, second):
            assert {code.secret for code in codes(made, placed.number)} <= set(good)
            assert all(unit.was_replaced for unit in given(made, placed.number))
        assert make.card_states(made) == {
            CardState.SOLD: 3, CardState.FAULTY: 5, CardState.AVAILABLE: 1,
        }  # fmt: skip
        heads, *rows = lines(merchant, item)
        assert heads == ["Card", "Card number", "Result", "State", "Order number", "New card"]
        new = held(made, first.number, second.number)
        numbers = [first.number, first.number, second.number]
        assert rows == [
            [old, "", "Replaced", "Faulty", number, card]
            for old, number, card in zip(bad, numbers, new, strict=True)
        ]
        assert is_sound(merchant)

    def test_marking_is_a_job_of_its_own_that_can_be_undone(self, merchant, made):
        bought_free(made, 1)
        spare(made, 1)

        item = done(merchant, batch_uid=made.batch.uid)

        marking = ended(merchant, item.result["marking"])
        assert (marking.state, marking.result["changed"]) == (WorkState.DONE, 4)
        assert cards.can_undo(merchant_id=merchant, done=marking)
        assert not cards.can_undo(merchant_id=merchant, done=item)
        undo = vault.undo_change(
            merchant_id=merchant, actor=CLERK, work_uid=marking.uid, reason="x", language="en"
        )
        vault.run_change(merchant_id=merchant, work_uid=undo)
        assert make.card_states(made) == {
            CardState.AVAILABLE: 4, CardState.SOLD: 1, CardState.FAULTY: 1,
        }  # fmt: skip

    def test_of_cards_by_name_touches_no_other(self, merchant, made):
        placed = bought_free(made, 3)
        first, second, third = held(made, placed.number)
        (free,) = [
            card.uid
            for card in cards.cards_of_batch(merchant_id=merchant, batch_uid=made.batch.uid).items
            if card.state == CardState.AVAILABLE
        ][:1]

        item = done(merchant, card_uids=[third, first, free, third])

        assert (item.result["replaced"], item.result["marked"], item.total) == (1, 1, 2)
        assert item.result["reasons"] == {"orders.no_replacement": 1}
        assert second in held(made, placed.number)
        assert make.card_states(made) == {CardState.SOLD: 3, CardState.FAULTY: 2}
        assert is_sound(merchant)

    def test_of_all_that_fit_takes_no_new_card_for_an_old_one(self, merchant, made):
        placed = bought_free(made, 2)
        old = held(made, placed.number)
        other = bought_free(lying(make.sku(merchant, price=0)), 1)
        sold = CardFilter(sku_id=made.sku.pk, states=(CardState.SOLD,))

        item = done(merchant, matching=sold)

        # The new cards are sold cards of this SKU and batch too.
        assert (item.result["replaced"], item.result["stayed"]) == (2, 0)
        assert "marking" not in item.result
        assert make.card_states(made) == {
            CardState.SOLD: 2, CardState.FAULTY: 2, CardState.AVAILABLE: 1,
        }  # fmt: skip
        assert not set(old) & set(held(made, placed.number))
        assert not any(unit.was_replaced for unit in given(made, other.number))

    def test_leaves_what_stays_and_says_why(self, merchant, made):
        in_use, refunded, fine, before = (bought_free(made, 1) for _ in range(4))
        spare(made, 9)
        (uid,) = held(made, before.number)
        replace_one(made, uid)
        (used,) = held(made, in_use.number)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set state = 4 where id = (select card_id from allocation a"
                " join order_line l on l.id = a.line_id join sale_order o on o.id = l.order_id"
                " where o.number = %s)",
                [in_use.number],
            )
            cursor.execute("update sale_order set state = 8 where number = %s", [refunded.number])
            # Somebody is paying for the last one of the batch.
            cursor.execute(
                "update card set state = 1, line_id = (select max(id) from order_line),"
                " reserved_until = now() + interval '1 hour' where batch_id = %s and state = 0",
                [made.batch.pk],
            )

        item = done(merchant, batch_uid=made.batch.uid)

        assert item.result["replaced"] == 1
        assert item.result["reasons"] == {
            "orders.card_in_use": 1,
            "orders.wrong_state": 1,
            "orders.nothing_to_replace": 2,
        }
        assert held(made, in_use.number) == [used]
        assert given(made, fine.number)[0].was_replaced
        assert [line[2:4] for line in lines(merchant, item)[1:]] == [
            ["Stays: activated or redeemed", "Redeemed"],
            ["Stays: the order is unpaid, cancelled or refunded", "Sold"],
            ["Replaced", "Faulty"],
            ["Stays: no buyer has it alone, or it was replaced before", "Faulty"],
            ["Stays: no buyer has it alone, or it was replaced before", "Reserved"],
        ]

    def test_out_of_stock_of_one_sku_stops_no_other(self, merchant, made):
        short = lying(make.sku(merchant, cards=3, price=0, strategy=Strategy.FIRST_IN))
        poor, rich = bought_free(short, 3), bought_free(made, 2)
        kept = held(short, poor.number)
        (given_to,) = spare(short, 1)

        item = done(merchant, card_uids=[*kept, *held(made, rich.number)])

        assert (item.result["replaced"], item.result["reasons"]) == (
            3, {"orders.no_replacement": 2},
        )  # fmt: skip
        # Who got none keeps what they have, as it was.
        assert held(short, poor.number)[1:] == kept[1:]
        assert codes(short, poor.number)[0].secret == given_to
        assert make.card_states(short) == {CardState.SOLD: 3, CardState.FAULTY: 1}
        assert all(unit.was_replaced for unit in given(made, rich.number))
        assert is_sound(merchant)

        spare(short, 2)
        again = done(merchant, card_uids=kept)

        assert (again.result["replaced"], again.result["stayed"]) == (2, 1)

    def test_tells_each_buyer_once_and_logs_each_card(self, merchant, made, monkeypatch):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 1)
        first, second = bought_free(made, 3), bought_free(made, 1)
        spare(made, 4)
        jobs = "select args::text from procrastinate_jobs where task_name = 'orders.tell_replaced'"

        item = done(merchant, batch_uid=made.batch.uid)

        with connection.cursor() as cursor:
            cursor.execute(jobs)
            queued = [json.loads(args) for (args,) in cursor.fetchall()]
        told = [args for args in queued if args["merchant_id"] == merchant]
        # The mail is one for each occasion, whoever queues it however often.
        assert {one["occasion"] for one in told} == {item.uid}
        assert len({one["order_id"] for one in told}) == 2
        with acting_as(merchant):
            written = AuditEntry.objects.filter(merchant_id=merchant)
            counted = Counter(written.values_list("action", "actor_kind", "actor_label"))
        by_job = ("job", CLERK.label)
        assert counted[("orders.replace_cards", "user", CLERK.label)] == 1
        assert counted[("orders.replace_card", *by_job)] == 4
        assert counted[("cards.faulty", *by_job)] == 4
        assert counted[("batches.faulty", *by_job)] == 1
        assert {first.number, second.number} == {line[4] for line in lines(merchant, item)[1:]}

    def test_refusals_are_clear_and_start_nothing(self, merchant, other_merchant, made):
        placed = bought_free(made, 1)
        names = held(made, placed.number)
        loop = make.sku(merchant, cards=0, price=0, stock_mode=StockMode.LOOP)
        make.stock(lying(loop), 1, loop=True)
        shared = held(loop, bought_free(loop, 1).number)
        free = lying(make.sku(merchant, cards=1))
        before = picture(merchant)

        for error, merchant_id, which in (
            (vault.NothingToChange, merchant, {}),
            (vault.NothingToChange, merchant, {"batch_uid": made.batch.uid, "card_uids": names}),
            (NothingToReplace, merchant, {"batch_uid": free.batch.uid}),
            (NothingToReplace, merchant, {"card_uids": shared}),
            (vault.UnknownBatch, other_merchant, {"batch_uid": made.batch.uid}),
            (vault.UnknownCard, other_merchant, {"card_uids": names}),
        ):
            with pytest.raises(error):
                started(merchant_id, **which)
        with pytest.raises(vault.ReasonMissing):
            orders.replace_cards(
                merchant_id=merchant,
                actor=CLERK,
                request=ChangeRequest(Change.FAULTY, " ", card_uids=names),
            )

        assert works(merchant_id=merchant) == works(merchant_id=other_merchant) == []
        assert picture(merchant) == before

    def test_touches_no_card_of_another_merchant(self, merchant, other_merchant, made):
        theirs = lying(make.sku(other_merchant, cards=3, price=0))
        bought_free(theirs, 2)
        before = picture(other_merchant)
        bought_free(made, 2)
        spare(made, 2)

        done(merchant, batch_uid=made.batch.uid)

        assert picture(other_merchant) == before


class TestWeight:
    def test_counts_what_becomes_of_each(self, merchant, made):
        placed, used = bought_free(made, 2), bought_free(made, 1)
        spare(made, 1)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set state = 4 where id = (select max(card_id) from allocation)"
            )

        weight = orders.weigh_replacing(
            merchant_id=merchant, request=asked(batch_uid=made.batch.uid)
        )

        assert (weight.count, weight.unsold, weight.in_use) == (2, 2, 1)
        assert (weight.reserved, weight.others) == (0, 0)
        # Three are free: two of them are marked as faulty first.
        assert weight.needs == [orders.SkuNeed(made.sku.pk, 2, 1)]
        assert weight.missing == 1
        assert {placed.number, used.number}

    def test_by_name_and_by_filter_count_alike(self, merchant, made):
        placed = bought_free(made, 2)
        names = held(made, placed.number)
        sold = CardFilter(sku_id=made.sku.pk, states=(CardState.SOLD,))

        weights = [
            orders.weigh_replacing(merchant_id=merchant, request=asked(**which))
            for which in ({"card_uids": names}, {"matching": sold})
        ]

        assert weights[0] == weights[1]
        assert (weights[0].count, weights[0].unsold, weights[0].missing) == (2, 0, 0)
        assert weights[0].needs == [orders.SkuNeed(made.sku.pk, 2, 3)]


def test_the_actor_of_a_machine_may_start_it_too(merchant, made):
    bought(lying(make.sku(merchant, cards=1)))
    placed = bought_free(made, 1)

    uid = orders.replace_cards(
        merchant_id=merchant,
        actor=Actor("key", 3, "ERP"),
        request=asked(card_uids=held(made, placed.number)),
    )
    orders.run_replace(merchant_id=merchant, work_uid=uid)

    assert ended(merchant, uid).result["replaced"] == 1
