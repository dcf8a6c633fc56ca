"""N1: what waits for the morning is not lost; what is too much or unwanted is left out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations
from kacang.messages.events import Event
from kacang.messages.models import Message, MessageCount, MessageState
from kacang.messages.operations import Filling, Tell
from kacang.messages.restraint import holding, refusing, rules
from kacang.messages.restraint.refusing import UnknownReader
from kacang.messages.restraint.rules import OBLIGATORY, OPTIONAL, BadRule, Rule
from kacang.messages.sending import send
from kacang.shared.ids import new_uid
from tests.messages.test_messages import queued
from tests.threads import at_once

# Eleven at night in Shanghai, and eight in the morning after.
NIGHT = datetime(2026, 11, 26, 15, tzinfo=UTC)
MORNING = datetime(2026, 11, 27, 0, tzinfo=UTC)
READER = "zhao@example.com"
PASSES, WAITS = Rule(is_urgent=True), Rule(is_urgent=False)


def choose(merchant, **values):
    merchants.change_settings(merchant_id=merchant, values=values, actor=SYSTEM)


def told(merchant, event=Event.ORDER_SHIPPED, recipient=READER, **more):
    """Tell somebody of an event; return the message's uid."""
    context = {"order": "20261126A", "title": "x", "amount": "¥1", "courier": "x", "number": "1"}
    message = Tell(event, new_uid("x"), context, [recipient], **more)
    assert operations.tell(merchant_id=merchant, message=message) == 1
    return row(merchant).uid


def row(merchant, uid=None):
    with acting_as(merchant):
        found = Message.objects.filter(merchant_id=merchant).order_by("-id")
        return (found.filter(uid=uid) if uid else found)[0]


def go(merchant, uid, at):
    return send(merchant_id=merchant, uid=uid, now=at, fill=lambda _one: Filling({"link": "x"}))


class TestQuiet:
    def test_what_can_wait_waits_for_the_morning_and_is_sent_then(self, merchant, postbox):
        choose(merchant, quiet_for="all")
        uid = told(merchant)

        at_night = go(merchant, uid, NIGHT)
        held = row(merchant)
        in_the_morning = go(merchant, uid, MORNING)

        assert (at_night, held.held_until, held.tries) == (MessageState.WAITING, MORNING, 0)
        assert (in_the_morning, row(merchant).held_until) == (MessageState.SENT, None)
        assert len(postbox.mails) == 1

    def test_its_job_for_the_morning_is_of_the_same_transaction_and_one(self, merchant):
        """Killed at any point, it is held with a job, or neither: `xmin` is who wrote a row."""
        choose(merchant, quiet_for="all")
        uid = told(merchant)
        for _ in range(3):
            go(merchant, uid, NIGHT)

        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select xmin::text from message where uid = %s::text", [uid])
            (of_row,) = cursor.fetchone()
            cursor.execute(
                "select xmin::text from procrastinate_jobs where args->>'uid' = %s::text"
                " and scheduled_at is not null", [uid]
            )  # fmt: skip
            of_jobs = cursor.fetchall()
        assert of_jobs == [(of_row,)]
        waits = [wait for _queue, _uid, wait in queued(merchant) if wait > 60]
        assert waits[0] == pytest.approx(9 * 3600, abs=60)

    def test_two_workers_hold_it_once(self, merchant):
        choose(merchant, quiet_for="all")
        uid = told(merchant)

        at_once([partial(go, merchant, uid, NIGHT)] * 8)

        assert len([wait for _queue, _uid, wait in queued(merchant) if wait > 60]) == 1

    @pytest.mark.parametrize("event", [Event.ORDER_DELIVERED, Event.ORDER_CODE])
    def test_what_somebody_waits_for_passes(self, merchant, postbox, event):
        choose(merchant, quiet_for="all")

        assert go(merchant, told(merchant, event), NIGHT) == MessageState.SENT

    def test_what_a_person_asks_for_passes(self, merchant, postbox):
        choose(merchant, quiet_for="all")

        assert go(merchant, told(merchant, is_asked_for=True), NIGHT) == MessageState.SENT

    def test_mails_wait_only_where_that_is_chosen(self, merchant, postbox):
        choose(merchant, quiet_for="texts")

        assert go(merchant, told(merchant), NIGHT) == MessageState.SENT

    def test_the_merchant_says_what_passes(self, merchant, postbox):
        choose(merchant, quiet_for="all")
        save(
            merchant,
            {"order.shipped": PASSES, "order.delivered": WAITS},
        )

        shipped = go(merchant, told(merchant), NIGHT)
        delivered = go(merchant, told(merchant, Event.ORDER_DELIVERED), NIGHT)

        assert (shipped, delivered) == (MessageState.SENT, MessageState.WAITING)

    def test_hours_that_are_taken_back_hold_nothing_any_more(self, merchant, postbox):
        choose(merchant, quiet_for="all")
        uid = told(merchant)
        go(merchant, uid, NIGHT)
        choose(merchant, quiet_for="nothing")

        assert go(merchant, uid, NIGHT + timedelta(hours=1)) == MessageState.SENT

    def test_another_merchants_hours_are_not_ours(self, merchant, other_merchant, postbox):
        choose(other_merchant, quiet_for="all")

        assert go(merchant, told(merchant), NIGHT) == MessageState.SENT


class TestLimit:
    def test_rule_9_of_many_at_once_as_many_go_as_may(self, merchant, postbox):
        save(merchant, {"order.shipped": replace(WAITS, daily_max=3)})
        uids = [told(merchant) for _ in range(24)]

        states = at_once([partial(go, merchant, uid, NIGHT) for uid in uids])

        assert states.count(MessageState.SENT) == 3
        assert states.count(MessageState.SKIPPED) == 21
        assert len(postbox.mails) == 3
        assert {row(merchant, uid).error for uid in uids} == {"", "too_often"}

    def test_is_of_a_recipient_a_kind_and_a_day(self, merchant, postbox):
        choose(merchant, daily_message_max=1)
        first = go(merchant, told(merchant), NIGHT)
        again = go(merchant, told(merchant), NIGHT)
        others = [
            go(merchant, told(merchant, recipient="qian@example.com"), NIGHT),
            go(merchant, told(merchant, Event.ORDER_CANCELLED, is_asked_for=True), NIGHT),
            go(merchant, told(merchant), NIGHT + timedelta(hours=1)),
        ]

        assert (first, again) == (MessageState.SENT, MessageState.SKIPPED)
        assert others == [MessageState.SENT] * 3

    def test_another_try_of_the_same_counts_once(self, merchant, postbox):
        choose(merchant, daily_message_max=1)
        uid = told(merchant)
        postbox.refusal = "451 later"
        first = go(merchant, uid, NIGHT)
        postbox.refusal = ""

        second = go(merchant, uid, NIGHT)

        assert (first, second) == (MessageState.WAITING, MessageState.SENT)

    def test_what_must_be_told_is_not_limited_by_the_setting(self, merchant, postbox):
        choose(merchant, daily_message_max=1)

        for event in (Event.ORDER_REFUNDED, Event.ORDER_CODE):
            states = [go(merchant, told(merchant, event), NIGHT) for _ in range(3)]
            assert states == [MessageState.SENT] * 3

    def test_a_reminder_of_what_expires_is_limited_as_any_that_can_be_refused(
        self, merchant, postbox
    ):
        choose(merchant, daily_message_max=1)
        by_setting = [go(merchant, told(merchant, Event.ORDER_EXPIRING), NIGHT) for _ in range(2)]
        save(merchant, {"order.expiring": replace(WAITS, daily_max=2)})
        by_its_own = [go(merchant, told(merchant, Event.ORDER_EXPIRING), NIGHT) for _ in range(2)]

        assert by_setting == [MessageState.SENT, MessageState.SKIPPED]
        assert by_its_own == [MessageState.SENT, MessageState.SKIPPED]

    @pytest.mark.parametrize(
        ("event", "own", "usual", "most"),
        [
            ("order.code", 3, 5, 0),
            ("order.refunded", 0, 5, 0),
            ("order.refunded", 3, 5, 3),
            ("restocked", 0, 5, 0),
            ("restocked", 3, 0, 3),
            ("order.contact_changed", 2, 0, 2),
            ("order.expiring", 0, 5, 5),
            ("order.expiring", 3, 5, 3),
            ("order.expiring", 0, 0, 0),
            ("order.shipped", 0, 5, 5),
        ],
    )
    def test_what_holds_is_the_events_own_number_or_the_setting(self, event, own, usual, most):
        assert rules.most_a_day(event, own, usual) == most

    def test_counters_of_days_that_are_over_are_dropped(self, merchant, postbox):
        choose(merchant, daily_message_max=5)
        go(merchant, told(merchant), NIGHT)

        kept = holding.forget_counts(merchant_id=merchant, now=NIGHT + timedelta(days=2))
        gone = holding.forget_counts(merchant_id=merchant, now=NIGHT + timedelta(days=5))

        assert (kept, gone) == (0, 1)

    def test_no_address_stands_in_the_counters(self, merchant, postbox):
        choose(merchant, daily_message_max=5)
        go(merchant, told(merchant), NIGHT)

        with acting_as(merchant):
            (kept,) = MessageCount.objects.filter(merchant_id=merchant)
        assert READER.encode() not in bytes(kept.address_print)

    @pytest.mark.parametrize("rule", [replace(WAITS, daily_max=-1), replace(WAITS, daily_max=1001)])
    def test_what_is_no_limit_is_refused_and_nothing_changes(self, merchant, rule):
        before = rules.rules(merchant_id=merchant)

        with pytest.raises(BadRule):
            save(
                merchant,
                {"order.shipped": rule, "order.cancelled": replace(PASSES, daily_max=5)},
            )

        assert rules.rules(merchant_id=merchant) == before


class TestRefused:
    def test_what_somebody_refused_is_left_out_and_the_log_says_so(self, merchant, postbox):
        refusing.refuse(reader(merchant), now=NIGHT)

        shipped = go(merchant, told(merchant, recipient="Zhao@Example.com"), NIGHT)
        delivered = go(merchant, told(merchant, Event.ORDER_DELIVERED), NIGHT)
        another = go(merchant, told(merchant, recipient="qian@example.com"), NIGHT)

        assert (shipped, delivered, another) == (
            MessageState.SKIPPED, MessageState.SENT, MessageState.SENT,
        )  # fmt: skip
        with acting_as(merchant):
            errors = list(
                Message.objects.filter(merchant_id=merchant, state=MessageState.SKIPPED)
                .values_list("error", flat=True)
            )  # fmt: skip
        assert errors == ["opted_out"]

    def test_what_must_be_told_cannot_be_refused(self, merchant, postbox):
        for event in OBLIGATORY:
            refusing.refuse(reader(merchant, event), now=NIGHT)
        refusing.choose(reader(merchant), wanted=[], now=NIGHT)

        assert refusing.refused(reader(merchant)) == OPTIONAL
        assert not OPTIONAL & set(OBLIGATORY)
        assert go(merchant, told(merchant, Event.ORDER_REFUNDED), NIGHT) == MessageState.SENT

    def test_refused_many_times_at_once_it_is_refused_once_and_can_be_wanted_again(self, merchant):
        at_once([partial(refusing.refuse, reader(merchant), now=NIGHT)] * 8)
        refused = refusing.refused(reader(merchant))

        refusing.choose(reader(merchant), wanted=["order.shipped"], now=NIGHT)

        assert refused == {Event.ORDER_SHIPPED}
        assert refusing.refused(reader(merchant)) == OPTIONAL - {Event.ORDER_SHIPPED}

    def test_I2_a_link_of_another_shop_or_a_changed_one_is_none(self, merchant, other_merchant):
        token = refusing.token_for(merchant, Event.ORDER_SHIPPED, READER)

        for shop, said in ((other_merchant, token), (merchant, token[:-1] + "0"), (merchant, "x")):
            with pytest.raises(UnknownReader):
                refusing.reader_of(shop, said)

    def test_no_address_is_in_the_link(self, merchant):
        token = refusing.token_for(merchant, Event.ORDER_SHIPPED, READER)

        assert "zhao" not in token
        assert "example" not in token


def reader(merchant, event=Event.ORDER_SHIPPED):
    return refusing.reader_of(merchant, refusing.token_for(merchant, event, READER))


def save(merchant, changed):
    rules.save_rules(merchant_id=merchant, changed=changed, actor=SYSTEM)
