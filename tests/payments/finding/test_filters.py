"""P2: payments are found by what is asked for; an address says it, and is read back the same."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kacang.merchants.tenancy import acting_as
from kacang.payments.finding.filters import PaymentFilter, from_stored, read_query, to_query
from kacang.payments.finding.pages import count_up_to, payments_page
from kacang.payments.models import Account, Payment
from kacang.payments.queries import PaymentState
from kacang.shared.periods import Period, midnight
from tests import make

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
words = st.text("abcXYZ_0123", min_size=1, max_size=32)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(lambda day: midnight(day, ZONE))
amounts = st.none() | st.integers(0, 10**9)


@st.composite
def filters(draw) -> PaymentFilter:
    least, most = draw(amounts), draw(amounts)
    return PaymentFilter(
        state=draw(st.none() | st.sampled_from(PaymentState)),
        number=draw(st.just("") | words),
        account=draw(st.just("") | words),
        provider=draw(st.just("") | words),
        since=draw(st.none() | days),
        until=draw(st.none() | days),
        amount_min_minor=least,
        amount_max_minor=most,
        currency="" if least is None and most is None else "CNY",
    )


class TestAddress:
    @given(where=filters())
    def test_reads_back_what_was_written(self, where):
        asked = to_query(where, zone=ZONE)

        assert read_query(asked, zone=ZONE, currency="CNY").where == where

    @given(where=filters())
    def test_a_job_reads_back_what_it_was_told(self, where):
        assert from_stored(where.stored()) == where

    @given(query=st.dictionaries(
        st.sampled_from(["state", "q", "account", "company", "period", "since", "until", "least",
                         "most"]),
        st.text(max_size=40),
    ))  # fmt: skip
    def test_nonsense_raises_nothing(self, query):
        read_query(query, zone=ZONE, currency="CNY")

    def test_what_makes_no_sense_is_named_and_a_number_finds_nothing(self):
        query = {"q": "x" * 33, "since": "yesterday", "least": "ten", "state": "paid"}

        found = read_query(query, zone=ZONE, currency="CNY")

        assert sorted(found.problems) == ["least", "number", "since"]
        assert found.where == PaymentFilter(state=PaymentState.PAID, number="-")

    def test_rule_24_days_are_the_merchants(self):
        where = PaymentFilter(period=Period.WEEK).at(NOW, ZONE)

        assert where.since == datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
        assert (where.until, where.period) == (None, None)

    def test_rule_13_amounts_are_in_the_accounts_currency(self):
        where = read_query({"least": "1.5"}, zone=ZONE, currency="USDT").where

        assert (where.amount_min_minor, where.currency) == (1_500_000, "USDT")


@pytest.fixture
def begun(merchant) -> list[Payment]:
    """Six payments of two accounts, a day apart, of 100 to 600 minor units; the last is in USDT."""
    make.account(merchant)
    make.account(merchant)
    order_number = make.order(make.sku(merchant)).number
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select min(id), max(id) from account where merchant_id = %s", [merchant])
        first, second = cursor.fetchone()
        cursor.execute("select id from sale_order where number = %s", [order_number])
        (order_id,) = cursor.fetchone()
        for n in range(1, 7):
            Payment.objects.create(
                merchant_id=merchant, number=f"Found{merchant}x{n}", order_id=order_id,
                account_id=first if n % 2 else second,
                state=PaymentState.PAID if n < 3 else PaymentState.OPEN,
                amount_minor=n * 100, currency="USDT" if n == 6 else "CNY",
                created_at=datetime(2020, 1, n, 12, tzinfo=UTC),
            )  # fmt: skip
        return list(Payment.objects.filter(merchant_id=merchant, number__startswith="Found"))


def found(merchant: int, where: PaymentFilter, limit: int = 50) -> list[int]:
    """The payments of a filter, by their place in `begun`, page by page."""
    numbers, cursor = [], ""
    while True:
        page = payments_page(merchant_id=merchant, where=where, cursor=cursor, limit=limit)
        numbers += [row.number for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return [int(one.partition("x")[2]) for one in numbers if one.startswith("Found")]


def uid_of(payment: Payment) -> str:
    with acting_as(payment.merchant_id):
        return Account.objects.get(merchant_id=payment.merchant_id, id=payment.account_id).uid


THEN = datetime(2020, 6, 1, tzinfo=UTC)


class TestPages:
    @pytest.mark.parametrize("limit", [1, 2, 50])
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (PaymentFilter(), [6, 5, 4, 3, 2, 1]),
            (PaymentFilter(state=PaymentState.PAID), [2, 1]),
            (PaymentFilter(until=THEN), [6, 5, 4, 3, 2, 1]),
            (
                PaymentFilter(since=datetime(2020, 1, 3, tzinfo=UTC),
                              until=datetime(2020, 1, 5, tzinfo=UTC)),
                [4, 3],
            ),
            # By amount, the greatest first, and never of another currency.
            (PaymentFilter(amount_min_minor=300, amount_max_minor=700, currency="CNY"), [5, 4, 3]),
            (PaymentFilter(amount_min_minor=1, currency="USDT"), [6]),
            (
                PaymentFilter(amount_max_minor=300, currency="CNY", state=PaymentState.OPEN),
                [3],
            ),
        ],
    )  # fmt: skip
    def test_P2_each_filter_finds_its_own_page_by_page(
        self, merchant, begun, where, expected, limit
    ):
        assert found(merchant, where, limit) == expected

    def test_P2_of_an_account_of_a_company_and_of_a_number(self, merchant, begun):
        uid = uid_of(begun[0])

        assert found(merchant, PaymentFilter(account=uid), 1) == [5, 3, 1]
        assert found(merchant, PaymentFilter(provider="sandbox"), 2) == [6, 5, 4, 3, 2, 1]
        assert found(merchant, PaymentFilter(provider="stripe")) == []
        assert found(merchant, PaymentFilter(account="nobody")) == []
        assert found(merchant, PaymentFilter(number=f"Found{merchant}x4")) == [4]

    def test_P2_a_page_goes_on_though_its_last_payment_is_paid_meanwhile(self, merchant, begun):
        where = PaymentFilter(state=PaymentState.OPEN, until=THEN)
        page = payments_page(merchant_id=merchant, where=where, limit=2)
        with acting_as(merchant):
            Payment.objects.filter(merchant_id=merchant, number=page.next_cursor).update(
                state=PaymentState.PAID
            )

        following = payments_page(merchant_id=merchant, where=where, cursor=page.next_cursor)

        assert [row.number[-1] for row in (*page.rows, *following.rows)] == ["6", "5", "4", "3"]

    def test_counts_up_to_a_limit(self, merchant, begun):
        where = PaymentFilter(state=PaymentState.PAID)

        assert count_up_to(merchant_id=merchant, where=where).count == 2
        few = count_up_to(merchant_id=merchant, where=where, most=1)
        assert (few.count, few.is_more) == (1, True)

    def test_I2_nobody_elses_payments_are_found(self, begun, other_merchant):
        uid = uid_of(begun[0])

        assert found(other_merchant, PaymentFilter()) == []
        assert found(other_merchant, PaymentFilter(account=uid)) == []
        assert found(other_merchant, PaymentFilter(number=begun[0].number)) == []
