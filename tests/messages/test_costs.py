"""N1: as how many parts a text counts, what a month comes to, and that the log has each of it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from kacang.merchants.tenancy import acting_as
from kacang.messages import costs, queries
from kacang.messages.models import Message, MessageState
from kacang.messages.queries import MessageFilter
from kacang.messages.wording.texts import EACH_PART, ONE_PART, parts_of
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid

AT = datetime(2026, 11, 26, 4, tzinfo=UTC)


def units(text: str) -> int:
    """UCS-2 units, counted in another way than ours: by the code points themselves."""
    return sum(2 if ord(one) > 0xFFFF else 1 for one in text)


class TestParts:
    @given(some.text(max_size=700), some.text(max_size=12))
    def test_are_seventy_alone_and_sixty_seven_each_together(self, text, sign):
        length = units(text) + (units(sign) + 2 if sign else 0)

        parts = parts_of(text, sign)

        if length <= ONE_PART:
            assert parts == 1
        else:
            assert (parts - 1) * EACH_PART < length <= parts * EACH_PART
            assert parts >= 2

    @given(some.text(max_size=300), some.text(max_size=300))
    def test_more_words_never_cost_less(self, one, more):
        assert parts_of(one) <= parts_of(one + more)


class TestMonths:
    @given(
        some.integers(2020, 2040),
        some.integers(1, 12),
        some.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]),
    )
    def test_follow_each_other_without_gap_or_overlap(self, year, month, zone):
        start, end = costs.bounds(year, month, zone)
        after = costs.bounds(year + month // 12, month % 12 + 1, zone)

        assert after[0] == end
        assert timedelta(days=27, hours=23) <= end - start <= timedelta(days=31, hours=1)

    def test_what_is_no_month_is_this_one(self):
        for text in ("", "2026", "2026-13", "2026-00", "x-1", "99999-01", "２０２６-01"):
            assert costs.read_month(text, AT) == (2026, 11)
        assert costs.read_month("2025-02", AT) == (2025, 2)

    def test_the_last_twelve_are_offered(self):
        found = costs.months_back(AT)

        assert (found[0], found[-1], len(set(found))) == ((2026, 11), (2025, 12), 12)


class TestSums:
    def test_are_of_the_merchants_month_and_each_row_is_in_the_log(self, merchant, other_merchant):
        # In Shanghai the month begins eight hours before UTC's.
        first = datetime(2026, 10, 31, 16, tzinfo=UTC)
        a_text(merchant, "order.shipped", first, parts=2, milli=45)
        a_text(merchant, "order.shipped", first + timedelta(days=3), parts=1, milli=50)
        a_text(merchant, "order.delivered", AT, parts=1, milli=45, state=MessageState.DELIVERED)
        a_text(merchant, "order.shipped", first - timedelta(seconds=1), parts=9, milli=45)
        a_text(merchant, "order.shipped", None, parts=3, milli=45, state=MessageState.FAILED)
        a_text(other_merchant, "order.shipped", AT, parts=7, milli=45)

        found = costs.month_of(merchant_id=merchant, year=2026, month=11)

        shipped, delivered = found.rows
        assert (shipped.event, shipped.messages, shipped.parts, shipped.milli) == (
            "order.shipped", 2, 3, 140,
        )  # fmt: skip
        assert (delivered.delivered, delivered.milli) == (1, 45)
        assert (found.total.messages, found.total.milli) == (3, 185)
        where = MessageFilter(
            channel="sms", event="order.shipped", sent=costs.bounds(2026, 11, "Asia/Shanghai")
        )
        rows = queries.log(merchant_id=merchant, where=where).rows
        assert sum(row.parts * row.price_milli for row in rows) == shipped.milli
        assert len(rows) == shipped.messages

    def test_are_written_in_thousandths(self):
        assert costs.exact(45, "CNY") == "¥0.045"
        assert costs.exact(1_234_567, "CNY") == "¥1,234.567"


def a_text(merchant, event, sent_at, *, parts, milli, state=MessageState.SENT):
    with acting_as(merchant):
        Message.objects.create(
            merchant_id=merchant, uid=new_uid("msg"), channel="sms", event=event, language="en",
            recipient="+8613826042716", once=new_uid("x"), state=state, sent_at=sent_at,
            parts=parts, price_milli=milli, created_at=utc_now(),
        )  # fmt: skip
