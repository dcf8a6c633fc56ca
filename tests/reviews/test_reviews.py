"""X2: reviews of products, by buyers alone, shown when somebody has published them."""

import functools
from collections import Counter

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import UnknownOrder
from kacang.reviews import operations, queries
from kacang.reviews.models import REVIEW_STEPS, ReviewState
from kacang.reviews.operations import NewReview
from kacang.shared.contacts import Contact
from kacang.shared.states import WrongState
from tests import make
from tests.aftersales.cases import BUYER, CLERK, Sold, jpeg
from tests.threads import at_once


@pytest.fixture
def sold(merchant):
    change_settings(merchant_id=merchant, values={"reviews_on": True}, actor=SYSTEM)
    return Sold(merchant, 1, contact=Contact(email="zhao@example.com"))


def write(sold, stars=5, text="秒到账", **changes):
    new = NewReview(sold.number, changes.pop("line", 1), stars, text, **changes)
    return operations.write_review(merchant_id=sold.merchant, new=new, actor=BUYER)


def stars(sold):
    return queries.stars_of(merchant_id=sold.merchant, product_id=sold.made.sku.product_id)


def shown(sold, **more):
    return queries.shown(
        merchant_id=sold.merchant, product_id=sold.made.sku.product_id, **more
    ).rows


def rows_by_stars(merchant):
    """What the sums must be, counted from the rows."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select stars from product_review where state = 2")
        found = Counter(row[0] for row in cursor.fetchall())
    return tuple(found[at] for at in range(1, 6))


class TestWriting:
    def test_waits_until_somebody_has_looked_at_it(self, sold):
        uid = write(sold, sent=[jpeg(comment=b"<script>")])

        (waiting,) = queries.queue(merchant_id=sold.merchant, state=ReviewState.WAITING).rows
        assert (waiting.uid, waiting.author, len(waiting.pictures)) == (uid, "z***", 1)
        assert shown(sold) == []
        with pytest.raises(operations.UnknownReview):
            queries.picture(merchant_id=sold.merchant, uid=waiting.pictures[0])

    def test_off_where_the_merchant_has_not_said_otherwise(self, merchant):
        sold = Sold(merchant, 1)
        with pytest.raises(operations.ReviewsOff):
            write(sold)
        assert not queries.are_on(merchant_id=merchant)

    def test_once_for_a_line_even_at_once(self, sold):
        found = at_once([lambda: write(sold) for _ in range(6)])

        assert sum(isinstance(one, str) for one in found) == 1
        assert sum(isinstance(one, operations.ReviewedAlready) for one in found) == 5

    def test_only_of_what_was_delivered(self, sold, other_merchant):
        placed = make.order(sold.made)
        unpaid = NewReview(placed.number, 1, 5, "")
        with pytest.raises(operations.NotBought):
            operations.write_review(merchant_id=sold.merchant, new=unpaid, actor=BUYER)
        for line in (0, 2, 99):
            with pytest.raises(operations.NotBought):
                write(sold, line=line)
        change_settings(merchant_id=other_merchant, values={"reviews_on": True}, actor=SYSTEM)
        with pytest.raises(UnknownOrder):
            operations.write_review(
                merchant_id=other_merchant, new=NewReview(sold.number, 1, 5, ""), actor=BUYER
            )

    @pytest.mark.parametrize(
        ("given_stars", "text"), [(0, ""), (6, ""), (5, "长" * 1001), (5, "a\0b")]
    )
    def test_nonsense_is_refused(self, sold, given_stars, text):
        with pytest.raises(operations.BadReview):
            write(sold, given_stars, text)

    @pytest.mark.parametrize("sent", [[b"<svg>"], [b""], [jpeg()] * 5])
    def test_only_pictures_and_few(self, sold, sent):
        with pytest.raises(operations.BadReviewPicture):
            write(sold, sent=sent)
        assert queries.counts(merchant_id=sold.merchant)[ReviewState.WAITING] == 0


class TestModerating:
    def test_what_is_published_is_shown_and_counted_and_what_is_hidden_is_not(self, sold):
        uid = write(sold, 4, sent=[jpeg()])
        operations.publish(merchant_id=sold.merchant, uid=uid, actor=CLERK)

        (one,) = shown(sold)
        assert (stars(sold).counts, stars(sold).average) == ((0, 0, 0, 1, 0), "4.0")
        assert queries.picture(merchant_id=sold.merchant, uid=one.pictures[0])[:4] == b"RIFF"

        operations.hide(merchant_id=sold.merchant, uid=uid, reason="含联系方式", actor=CLERK)
        assert (shown(sold), stars(sold).total) == ([], 0)
        with pytest.raises(operations.UnknownReview):
            queries.picture(merchant_id=sold.merchant, uid=one.pictures[0])
        with pytest.raises(WrongState):
            operations.hide(merchant_id=sold.merchant, uid=uid, reason="再次", actor=CLERK)

    def test_hiding_needs_a_reason(self, sold):
        uid = write(sold)
        with pytest.raises(operations.ReviewReasonMissing):
            operations.hide(merchant_id=sold.merchant, uid=uid, reason=" ", actor=CLERK)
        assert queries.counts(merchant_id=sold.merchant)[ReviewState.WAITING] == 1

    def test_an_answer_stands_beside_it_and_can_be_taken_away(self, sold):
        uid = write(sold)
        operations.publish(merchant_id=sold.merchant, uid=uid, actor=CLERK)
        operations.answer(merchant_id=sold.merchant, uid=uid, text="感谢支持", actor=CLERK)
        assert shown(sold)[0].answer == "感谢支持"
        operations.answer(merchant_id=sold.merchant, uid=uid, text="", actor=CLERK)
        assert shown(sold)[0].answered_at is None

    def test_sums_equal_the_rows_whoever_publishes_and_hides_at_once(self, sold, merchant):
        uids = [write(sold, 1)]
        for at in range(2, 6):
            other = (
                Sold(merchant, 1, made=sold.made, account=sold.account)
                if at < 4
                else Sold(merchant, 1, account=sold.account)
            )
            uids.append(write(other, at))

        def flip(uid):
            operations.publish(merchant_id=merchant, uid=uid, actor=CLERK)
            operations.hide(merchant_id=merchant, uid=uid, reason="x", actor=CLERK)
            operations.publish(merchant_id=merchant, uid=uid, actor=CLERK)

        at_once([functools.partial(flip, uid) for uid in uids * 3])

        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select sum(one), sum(two), sum(three), sum(four), sum(five) from review_tally"
            )
            assert cursor.fetchone() == rows_by_stars(merchant)

    def test_every_state_is_in_the_table(self):
        assert set(REVIEW_STEPS) == set(ReviewState)


@given(st.tuples(*[st.integers(0, 10_000)] * 5))
def test_the_average_is_the_nearest_tenth(counts):
    found = queries.Stars(counts)
    if not found.total:
        assert found.average == ""
        return
    exact = sum(at * count for at, count in enumerate(counts, 1)) / found.total
    assert abs(float(found.average) - exact) <= 0.0501


def test_pages_go_on_where_they_ended(sold, merchant):
    made = make.sku(merchant, cards=8)
    for _ in range(5):
        one = Sold(merchant, 1, made=made, account=sold.account)
        operations.publish(merchant_id=merchant, uid=write(one), actor=CLERK)
    first = queries.shown(merchant_id=merchant, product_id=made.sku.product_id, limit=3)
    rest = queries.shown(
        merchant_id=merchant, product_id=made.sku.product_id, limit=3, cursor=first.next_cursor
    )

    assert (len(first.rows), len(rest.rows), rest.next_cursor) == (3, 2, "")
    with pytest.raises(queries.BadReviewCursor):
        queries.shown(merchant_id=merchant, product_id=made.sku.product_id, cursor="x")
