"""Cards in the hands of staff: undo, void, faulty, expired, found, revealed."""

from typing import Any

import pytest
from django.db import connection

from kacang.catalog.operations import Strategy
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import CannotOpen
from kacang.vault import operations, queries, revealing
from kacang.vault.queries import BatchState, CardState
from tests.vault.conftest import ACTOR
from tests.vault.test_crash import stocked_minor
from tests.vault.test_levels import move, sql

COSTLY = operations.Purchase(unit_cost_minor=10)


def uids(make: Any, batch: str) -> list[str]:
    return [card.uid for card in make.cards(batch)]


def changed(results: list[operations.CardResult]) -> list[bool]:
    return [result.changed for result in results]


class TestUndo:
    def test_takes_a_batch_back_as_if_it_had_not_come(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\nB\nC\n", purchase=COSTLY).result["batch"]
        assert stocked_minor(merchant) == 30

        assert operations.undo_batch(merchant_id=merchant, batch_uid=batch, actor=ACTOR) == 3

        assert make.level(sku).total == 0
        assert stocked_minor(merchant) == 0
        assert queries.batch(merchant_id=merchant, uid=batch).state == BatchState.UNDONE
        assert operations.check_references(merchant_id=merchant) == []
        assert make.imported(sku, b"A\nB\nC\n").result["stocked"] == 3
        # What was undone is erased, and says so.
        (gone, *_) = make.opened(batch)
        assert (gone.is_gone, gone.secret, gone.number) == (True, "", "")

    def test_is_refused_when_cards_were_touched(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\nB\nC\nD\n").result["batch"]
        move(merchant, 0, 1, 2)
        move(merchant, 1, 2, 1)

        with pytest.raises(operations.BatchTouched) as refused:
            operations.undo_batch(merchant_id=merchant, batch_uid=batch, actor=ACTOR)

        assert refused.value.detail == {"reserved": 1, "sold": 1}
        assert make.level(sku).total == 4
        assert queries.batch(merchant_id=merchant, uid=batch).state == BatchState.STOCKED

    def test_is_refused_after_ten_minutes_and_twice(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\n").result["batch"]
        sql(
            merchant,
            "update batch set stocked_at = now() - interval '601 s' where merchant_id = %s::bigint",
        )

        with pytest.raises(operations.TooLateToUndo):
            operations.undo_batch(merchant_id=merchant, batch_uid=batch, actor=ACTOR)
        assert make.level(sku).available == 1
        assert queries.batch(merchant_id=merchant, uid=batch).can_undo_until is None

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant, make):
        batch = make.imported(make.sku(), b"A\n").result["batch"]

        with pytest.raises(operations.UnknownBatch):
            operations.undo_batch(merchant_id=other_merchant, batch_uid=batch, actor=ACTOR)


class TestStates:
    def test_void_cards_are_out_and_written_off(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\n", purchase=COSTLY).result["batch"]
        cards = uids(make, batch)
        move(merchant, 0, 1, 1)

        results = operations.void_cards(
            merchant_id=merchant, card_uids=cards, actor=ACTOR, reason="供货商召回"
        )

        assert changed(results) == [False, True, True]
        assert results[0].state == CardState.RESERVED
        level = make.level(sku)
        assert (level.available, level.reserved, level.void) == (0, 1, 2)
        assert stocked_minor(merchant) == 10
        assert operations.check_references(merchant_id=merchant) == []

    def test_faulty_cards_come_back_unless_they_were_sold(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\n").result["batch"]
        cards = uids(make, batch)
        move(merchant, 0, 2, 1)
        operations.mark_faulty(merchant_id=merchant, card_uids=cards, actor=ACTOR, reason="x")
        assert make.level(sku).faulty == 2

        results = operations.restore_cards(
            merchant_id=merchant, card_uids=cards, actor=ACTOR, reason="y"
        )

        assert changed(results) == [False, True]
        level = make.level(sku)
        assert (level.available, level.faulty) == (1, 1)

    def test_need_a_reason_and_a_card(self, merchant, other_merchant, make):
        sku = make.sku()
        cards = uids(make, make.imported(sku, b"A\n").result["batch"])

        with pytest.raises(operations.ReasonMissing):
            operations.void_cards(merchant_id=merchant, card_uids=cards, actor=ACTOR, reason=" ")
        with pytest.raises(operations.UnknownCard):
            operations.void_cards(
                merchant_id=other_merchant, card_uids=cards, actor=ACTOR, reason="x"
            )
        with pytest.raises(operations.UnknownCard):
            operations.void_cards(
                merchant_id=merchant, card_uids=[*cards, "crd_0"], actor=ACTOR, reason="x"
            )

        assert make.level(sku).available == 1

    def test_expire_by_time(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"A\nB\nC\n", purchase=COSTLY)
        move(merchant, 0, 1, 1)
        sql(
            merchant,
            "update card set expires_at = now() - interval '1 s' where merchant_id = %s::bigint"
            " and id <> (select max(id) from card where merchant_id = %s::bigint and state = 0)",
            merchant,
        )

        assert operations.expire_cards(merchant_id=merchant) == 1

        level = make.level(sku)
        assert (level.available, level.reserved, level.expired) == (1, 1, 1)
        assert stocked_minor(merchant) == 20
        assert operations.expire_cards(merchant_id=merchant) == 0
        assert operations.check_references(merchant_id=merchant) == []


class TestFind:
    def test_V4_finds_a_card_by_its_exact_code(self, merchant, other_merchant, make):
        sku = make.sku()
        make.imported(sku, ["ONLY-CODE", "x"])
        make.imported(sku, b"K1----WITH-NUMBER\n")

        def found(code, number="", who=merchant):
            cards = queries.find_cards(merchant_id=who, code=code, number=number)
            return [card.shown_number for card in cards]

        assert found(" ONLY-CODE ") == [""]
        assert found("WITH-NUMBER", "K1") == found("K1----WITH-NUMBER") == ["K1"]
        assert found("K1,WITH-NUMBER") == found("K1 WITH-NUMBER") == ["K1"]
        assert found("only-code") == found("ONLY-COD") == found("%") == []
        assert found("ONLY-CODE", who=other_merchant) == []

    def test_V5_choices_are_masked_and_paged(self, merchant, make):
        sku = make.sku(strategy=Strategy.CHOSEN)
        make.imported(sku, "\n".join(f"1380000{n:04}----s{n}" for n in range(5)).encode())
        move(merchant, 0, 1, 1)
        sku_id = make.sku_id(sku)

        first, cursor = queries.choices(merchant_id=merchant, sku_id=sku_id, limit=3)
        second, end = queries.choices(merchant_id=merchant, sku_id=sku_id, limit=3, cursor=cursor)

        assert [choice.masked for choice in first + second] == [
            "13****01", "13****02", "13****03", "13****04",
        ]  # fmt: skip
        assert end == ""


class TestReveal:
    def test_rule_22_the_trace_is_committed_before_the_secret_is_read(
        self, merchant, make, monkeypatch
    ):
        cards = uids(make, make.imported(make.sku(), b"A\nB\n").result["batch"])

        def breaks(**values):
            raise RuntimeError("the process died here")

        monkeypatch.setattr(revealing, "open_cards", breaks)
        with pytest.raises(RuntimeError):
            operations.reveal(
                merchant_id=merchant, card_uids=cards, actor=ACTOR, reason="买家无法兑换"
            )

        with acting_as(merchant):
            rows = AuditEntry.objects.filter(merchant_id=merchant, action="cards.reveal")
            kept = sorted(
                rows.values_list("object_uid", "actor_label", "reason", "address", "actor_id")
            )
        assert kept == sorted(
            (uid, "lu@example.com", "买家无法兑换", "203.0.113.9", 7) for uid in cards
        )

    def test_cannot_be_part_of_a_transaction(self, merchant, make):
        cards = uids(make, make.imported(make.sku(), b"A\n").result["batch"])

        with pytest.raises(AssertionError), acting_as(merchant):
            operations.reveal(merchant_id=merchant, card_uids=cards, actor=ACTOR, reason="x")

    def test_refuses_strangers_and_missing_reasons(self, merchant, other_merchant, make):
        cards = uids(make, make.imported(make.sku(), b"A\n").result["batch"])

        with pytest.raises(operations.UnknownCard):
            operations.reveal(merchant_id=other_merchant, card_uids=cards, actor=ACTOR, reason="x")
        with pytest.raises(operations.ReasonMissing):
            operations.reveal(merchant_id=merchant, card_uids=cards, actor=ACTOR, reason="")
        with pytest.raises(operations.TooManyCards):
            operations.reveal(
                merchant_id=merchant,
                card_uids=[f"crd_{n:032x}" for n in range(201)],
                actor=ACTOR,
                reason="x",
            )

        with acting_as(merchant):
            assert not AuditEntry.objects.filter(
                merchant_id=merchant, action="cards.reveal"
            ).exists()

    def test_rule_28_a_secret_moved_to_another_card_does_not_open(self, merchant, make):
        cards = uids(make, make.imported(make.sku(), b"A\nB\n").result["batch"])
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set secret = (select secret from card where merchant_id = %s::bigint"
                " order by id limit 1) where merchant_id = %s::bigint",
                [merchant, merchant],
            )

        with pytest.raises(CannotOpen):
            operations.reveal(merchant_id=merchant, card_uids=cards[1:], actor=ACTOR, reason="x")
        (first,) = operations.reveal(
            merchant_id=merchant, card_uids=cards[:1], actor=ACTOR, reason="x"
        )
        assert first.secret == "A"
