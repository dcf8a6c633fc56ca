"""H1: customers gather by their addresses, with consent, and are forgotten when they say so."""

import pytest
from django.db import connection

from kacang.customers import operations, queries
from kacang.customers.operations import (
    BadCustomer,
    ConsentWay,
    ContactTaken,
    LevelInUse,
    UnknownCustomer,
    UnknownLevel,
)
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.contacts import Contact
from tests.threads import at_once

STAFF = Actor(kind="person", id=1, label="lu@example.com")
LIN = Contact(email="lin@example.com", phone="+8613826042716")


def gather(merchant, contact=LIN, **words):
    with acting_as(merchant):
        return operations.gather(
            merchant_id=merchant, contact=contact, way=ConsentWay.CHECKOUT, **words
        )


def everybody(merchant):
    return queries.customers_page(merchant_id=merchant).rows


class TestGathering:
    def test_knows_somebody_again_by_either_address(self, merchant):
        first = gather(merchant)

        assert gather(merchant, Contact(email=LIN.email)) == first
        assert gather(merchant, Contact(phone=LIN.phone)) == first
        assert len(everybody(merchant)) == 1

    def test_never_takes_an_address_from_somebody_else(self, merchant):
        """Who types another's phone number gets nothing of theirs."""
        wang = gather(merchant, Contact(phone=LIN.phone))

        lin = gather(merchant, LIN)

        assert wang != lin or len(everybody(merchant)) == 1
        by_mail = queries.customers_page(merchant_id=merchant, contact=Contact(email=LIN.email))
        by_phone = queries.customers_page(merchant_id=merchant, contact=Contact(phone=LIN.phone))
        assert [row.id for row in by_phone.rows] == [wang]
        assert [row.id for row in by_mail.rows] == [lin]

    def test_many_at_once_are_one(self, merchant):
        found = at_once([lambda: gather(merchant)] * 24)

        assert len(set(found)) == 1
        assert len(everybody(merchant)) == 1
        (row,) = everybody(merchant)
        assert [one.value for one in row.contacts] == [LIN.email, LIN.phone]

    def test_writes_a_consent_down_once(self, merchant):
        gather(merchant)
        gather(merchant)
        (row,) = everybody(merchant)

        view = queries.customer(merchant_id=merchant, uid=row.uid)

        assert [(one.is_given, one.way) for one in view.consents] == [(True, "checkout")]
        assert view.agreed_at is not None

    def test_marks_what_was_proved(self, merchant):
        gather(merchant)
        gather(merchant, Contact(email=LIN.email), verified=[LIN.email])
        (row,) = everybody(merchant)

        assert [one.verified_at is not None for one in row.contacts] == [True, False]

    def test_belongs_to_one_merchant(self, merchant, other_merchant):
        gather(merchant)

        assert everybody(other_merchant) == ()
        (row,) = everybody(merchant)
        with pytest.raises(UnknownCustomer):
            queries.customer(merchant_id=other_merchant, uid=row.uid)
        with pytest.raises(UnknownCustomer):
            operations.add_note(merchant_id=other_merchant, uid=row.uid, text="x", actor=STAFF)


class TestFinding:
    def test_by_tail_level_and_page(self, merchant):
        for number in range(5):
            gather(merchant, Contact(phone=f"+861382604271{number}"))
        rows = everybody(merchant)
        gold = operations.save_level(merchant_id=merchant, name="金卡", rank=9, actor=STAFF)
        operations.change(merchant_id=merchant, uid=rows[0].uid, name="林", level=gold, actor=STAFF)

        def found(**words):
            return [row.uid for row in queries.customers_page(merchant_id=merchant, **words).rows]

        assert found(tail="2713") == [rows[1].uid]
        assert found(level=gold) == [rows[0].uid]
        assert found(level="lvl_none") == []
        first = queries.customers_page(merchant_id=merchant, limit=2)
        assert [row.uid for row in first.rows] == [row.uid for row in rows[:2]]
        assert found(cursor=first.next_cursor, limit=2) == [row.uid for row in rows[2:4]]
        assert (
            queries.level_rank(merchant_id=merchant, contact=Contact(phone="+8613826042714")) == 9
        )
        assert queries.level_rank(merchant_id=merchant, contact=Contact(email="x@y.example")) == 0

    @pytest.mark.parametrize("words", [{"tail": "2716"}, {"contact": LIN}], ids=["tail", "contact"])
    def test_reads_by_index(self, merchant, words):
        """Rule 16: neither a scan of the table nor a sort."""
        sql = {
            "tail": "select * from customer_contact where merchant_id = {m} and tail = '2716'",
            "contact": "select * from customer_contact where merchant_id = {m} and kind = 1"
            " and value = 'lin@example.com'",
        }[next(iter(words))]
        gather(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("set local enable_seqscan = off")
            cursor.execute("explain (costs off) " + sql.format(m=merchant))
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan" not in plan
        assert "Sort" not in plan


class TestChanging:
    def test_adds_what_a_customer_told_unless_it_is_anothers(self, merchant):
        gather(merchant, Contact(email="lin@example.com"))
        gather(merchant, Contact(email="wang@example.com"))
        wang, lin = (row.uid for row in everybody(merchant))
        phone = Contact(phone=LIN.phone)

        operations.add_contact(merchant_id=merchant, uid=lin, contact=phone, actor=STAFF)
        operations.add_contact(merchant_id=merchant, uid=lin, contact=phone, actor=STAFF)
        with pytest.raises(ContactTaken):
            operations.add_contact(merchant_id=merchant, uid=wang, contact=phone, actor=STAFF)

        contacts = queries.customer(merchant_id=merchant, uid=lin).contacts
        assert [one.value for one in contacts] == ["lin@example.com", LIN.phone]

    @pytest.mark.parametrize("text", ["", "  ", "x" * 1001])
    def test_refuses_a_note_that_says_nothing_or_too_much(self, merchant, text):
        gather(merchant)
        (row,) = everybody(merchant)
        with pytest.raises(BadCustomer):
            operations.add_note(merchant_id=merchant, uid=row.uid, text=text, actor=STAFF)

    def test_keeps_levels_apart(self, merchant):
        gold = operations.save_level(merchant_id=merchant, name="金卡", rank=9, actor=STAFF)
        for name, rank in (("金卡", 3), ("银卡", 9), ("", 1), ("银卡", 100)):
            with pytest.raises(BadCustomer):
                operations.save_level(merchant_id=merchant, name=name, rank=rank, actor=STAFF)
        with pytest.raises(UnknownLevel):
            operations.save_level(
                merchant_id=merchant, name="铜卡", rank=1, uid="lvl_none", actor=STAFF
            )
        gather(merchant)
        (row,) = everybody(merchant)
        operations.change(merchant_id=merchant, uid=row.uid, name="", level=gold, actor=STAFF)
        with pytest.raises(LevelInUse):
            operations.drop_level(merchant_id=merchant, uid=gold, actor=STAFF)
        operations.change(merchant_id=merchant, uid=row.uid, name="", actor=STAFF)
        operations.drop_level(merchant_id=merchant, uid=gold, actor=STAFF)
        assert queries.levels(merchant_id=merchant) == []
