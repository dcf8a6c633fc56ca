"""O6: exceptions have an owner, a deadline and an escalation."""

import threading

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.escalating import BadEscalation, EscalationStep
from kacang.orders.exceptions.queries import Kind
from kacang.orders.exceptions.types import NotYours, UnknownException
from kacang.orders.models import Event


class TestOwners:
    def test_claim_hand_over_and_give_back(self, shop):
        shop.short()
        shop.sync()
        (row,) = shop.queue()
        one, other = shop.person(), shop.person()
        uid = {"merchant_id": shop.merchant, "uid": row.uid}

        operations.claim(**uid, actor=one)
        operations.claim(**uid, actor=one)
        with pytest.raises(NotYours):
            operations.claim(**uid, actor=other)
        with pytest.raises(NotYours):
            operations.give_back(**uid, actor=other)
        assert [found.owner_id for found in shop.queue(owner_id=one.id)] == [one.id]
        assert queries.count_mine(merchant_id=shop.merchant, person_id=one.id) == 1

        operations.give_back(**uid, actor=one)
        assert len(shop.queue(owner_id=0)) == 1

    def test_who_works_here_no_more_looks_after_nothing(self, shop):
        shop.short()
        shop.sync()
        (row,) = shop.queue()
        person = shop.person()
        operations.claim(merchant_id=shop.merchant, uid=row.uid, actor=person)
        shop.run("update membership set disabled_at = now() where user_id = %s", person.id)

        shop.sync()

        assert [found.owner_id for found in shop.queue()] == [None]

    def test_of_two_who_claim_at_once_one_has_it(self, shop):
        shop.short()
        shop.sync()
        (row,) = shop.queue()
        people = [shop.person() for _ in range(4)]
        refused = []

        def claim(person):
            try:
                operations.claim(merchant_id=shop.merchant, uid=row.uid, actor=person)
            except NotYours:
                refused.append(person)
            finally:
                connection.close()

        threads = [threading.Thread(target=claim, args=[person]) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(refused) == 3

    def test_nobody_of_another_shop_has_it(self, shop, other_merchant):
        shop.short()
        shop.sync()
        (row,) = shop.queue()

        with pytest.raises(UnknownException):
            operations.claim(merchant_id=other_merchant, uid=row.uid, actor=SYSTEM)
        assert queries.counts_by_kind(merchant_id=other_merchant)[Kind.STOCK] == 0


class TestEscalation:
    STEPS = [EscalationStep(0, "order_operator"), EscalationStep(60, "owner")]

    def late(self, shop, minutes):
        shop.run("update order_exception set due_at = now() - make_interval(mins => %s)", minutes)

    def test_goes_up_once_for_each_level(self, shop):
        placed = shop.short()
        shop.sync()
        operations.set_escalation(
            merchant_id=shop.merchant, steps=self.STEPS, actor=shop.person("owner")
        )
        assert operations.escalate(merchant_id=shop.merchant) == 0

        self.late(shop, 1)
        assert operations.escalate(merchant_id=shop.merchant) == 1
        assert operations.escalate(merchant_id=shop.merchant) == 0
        self.late(shop, 61)
        assert operations.escalate(merchant_id=shop.merchant) == 1

        assert [row.level for row in shop.queue()] == [2]
        assert shop.events(placed.number).count(Event.EXCEPTION_ESCALATED) == 2

    def test_what_is_very_late_goes_to_the_highest_level_at_once(self, shop):
        placed = shop.short()
        shop.sync()
        self.late(shop, 10_000)

        operations.escalate(merchant_id=shop.merchant)

        assert [row.level for row in shop.queue()] == [2]
        assert shop.events(placed.number).count(Event.EXCEPTION_ESCALATED) == 1

    @pytest.mark.parametrize(
        "steps",
        [
            [],
            [EscalationStep(0, "nobody")],
            [EscalationStep(0)],
            [EscalationStep(60, "owner"), EscalationStep(0, "owner")],
            [EscalationStep(0, "", "mem_of_another_shop")],
        ],
    )
    def test_levels_that_lead_nowhere_are_refused(self, shop, steps):
        with pytest.raises(BadEscalation):
            operations.set_escalation(merchant_id=shop.merchant, steps=steps, actor=SYSTEM)
