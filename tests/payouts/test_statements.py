"""F4: a party's share of what is sold: each sale counted once, by period, and paid once."""

import secrets
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.ledger import operations as ledger
from kacang.ledger import queries as books
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.merchants.audit import Actor
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.payouts import operations, queries
from kacang.payouts.periods import period_of
from kacang.payouts.queries import Period, StatementState
from kacang.shared.money import Money
from tests.threads import at_once

ZONE = ZoneInfo("Asia/Shanghai")
OPERATOR = Actor("command", None, "kacang, root")
MONDAY = date(2026, 11, 16)


def fresh() -> int:
    """A merchant of its own for each example."""
    return open_merchant(slug=f"p-{secrets.token_hex(6)}", name="店", kind=MerchantKind.DEMO)


def agree(merchant: int, **changes) -> str:
    terms = operations.Terms(
        **{
            "rate_millionths": 15_000,
            "period": Period.WEEK,
            "currency": "CNY",
            "starts_on": MONDAY,
            "fixed_minor": 10,
            **changes,
        }
    )
    return operations.agree(merchant_id=merchant, terms=terms, actor=OPERATOR)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)


def sell(merchant: int, minor: int, day: date = MONDAY, order: int = 1) -> int:
    move = Move(
        debit=Side(Account.ADVANCE_FROM_BUYER),
        credit=Side(Account.REVENUE),
        amount=Money(minor),
        kind=TransferKind.DELIVERED,
        document=Document(DocumentKind.ORDER, order),
    )
    with acting_as(merchant):
        return ledger.transfer(merchant_id=merchant, move=move, at=noon(day))


def give_back(merchant: int, transfer: int, day: date) -> None:
    with acting_as(merchant):
        ledger.reverse(merchant_id=merchant, transfer_id=transfer, at=noon(day))


def issue(merchant: int, day: date) -> int:
    return operations.issue_due(merchant_id=merchant, now=noon(day))


def owed(merchant: int) -> int:
    return -sum(
        line.amount.minor
        for line in books.balances(merchant_id=merchant)
        if line.account is Account.PAYABLE_PLATFORM
    )


def after(weeks: int) -> date:
    return MONDAY + timedelta(weeks=weeks)


class TestStatements:
    def test_counts_what_was_earned_in_the_period(self, merchant):
        agree(merchant)
        sell(merchant, 10_000)
        sell(merchant, 333, order=2)
        sell(merchant, 5_000, day=after(1))

        assert issue(merchant, after(1)) == 1

        (made,) = queries.statements(merchant_id=merchant)
        assert (made.lines, made.base) == (2, Money(10_333))
        # 150 and 5 of the rate (4.995 rounds), and 10 for each sale.
        assert made.amount == Money(150 + 5 + 20)
        assert (made.starts_on, made.ends_on) == (MONDAY, after(1))
        assert owed(merchant) == 175

    def test_a_period_that_goes_on_has_none(self, merchant):
        agree(merchant)
        sell(merchant, 10_000)

        assert issue(merchant, after(1) - timedelta(days=1)) == 0

    def test_waits_its_days_for_refunds(self, merchant):
        agree(merchant, hold_days=3)

        assert issue(merchant, after(1) + timedelta(days=2)) == 0
        assert issue(merchant, after(1) + timedelta(days=3)) == 1

    def test_is_made_once_by_two_workers(self, merchant):
        agree(merchant)
        sell(merchant, 10_000)

        made = at_once([partial(issue, merchant, after(1)) for _ in range(6)])

        assert sorted(str(one) for one in made) == ["0", "0", "0", "0", "0", "1"]
        assert owed(merchant) == 160

    def test_what_was_booked_late_comes_into_the_next_one_and_once(self, merchant):
        agree(merchant)
        sell(merchant, 10_000)
        issue(merchant, after(1))
        sell(merchant, 20_000, day=MONDAY + timedelta(days=6))
        # Booked later, for an earlier day: numbers and moments are in no one order.
        sell(merchant, 40_000, day=after(1))
        sell(merchant, 80_000, day=MONDAY)

        issue(merchant, after(2))
        issue(merchant, after(3))

        bases = [made.base.minor for made in queries.statements(merchant_id=merchant)]
        assert bases == [0, 140_000, 10_000]

    def test_refunds_take_their_part_back_and_a_shortage_is_carried(self, merchant):
        agree(merchant, fixed_minor=0)
        first = sell(merchant, 100_000)
        issue(merchant, after(1))
        give_back(merchant, first, after(1))
        sell(merchant, 20_000, day=after(1))
        issue(merchant, after(2))
        sell(merchant, 200_000, day=after(2))
        issue(merchant, after(3))

        third, second, _ = queries.statements(merchant_id=merchant)
        assert (second.amount, second.due) == (Money(-1_200), Money(0))
        assert (third.amount, third.carried, third.due) == (
            Money(3_000), Money(-1_200), Money(1_800),
        )  # fmt: skip

    def test_an_agreement_that_ended_still_has_its_last_days(self, merchant):
        uid = agree(merchant)
        last = MONDAY + timedelta(days=2)
        sell(merchant, 10_000)
        sell(merchant, 70_000, day=last)
        operations.end_agreement(merchant_id=merchant, uid=uid, ends_on=last, actor=OPERATOR)

        assert issue(merchant, after(4)) == 1

        (made,) = queries.statements(merchant_id=merchant)
        assert made.base == Money(10_000)

    @settings(max_examples=15, deadline=None)
    @given(sales=st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 20)), max_size=12))
    def test_every_cent_is_counted_once_and_the_books_agree(self, sales):
        merchant = fresh()
        agree(merchant)
        for number, (minor, day) in enumerate(sales):
            sell(merchant, minor, day=MONDAY + timedelta(days=day), order=number + 1)
            if number % 3 == 0:
                issue(merchant, MONDAY + timedelta(days=day))

        issue(merchant, after(4))

        made = queries.statements(merchant_id=merchant)
        assert sum(one.base.minor for one in made) == sum(minor for minor, _ in sales)
        assert owed(merchant) == sum(one.amount.minor for one in made)
        for one in made:
            lines = queries.lines(merchant_id=merchant, statement_id=one.id)
            assert sum(line.amount.minor for line in lines) == one.amount.minor

    def test_only_one_agreement_with_a_party_is_in_force(self, merchant):
        uid = agree(merchant)
        with pytest.raises(operations.AgreedAlready):
            agree(merchant)

        operations.end_agreement(merchant_id=merchant, uid=uid, ends_on=after(1), actor=OPERATOR)

        agree(merchant, starts_on=after(1))

    @pytest.mark.parametrize(
        "bad", [{"rate_millionths": 1_000_001}, {"fixed_minor": -1}, {"hold_days": 181}]
    )
    def test_impossible_terms_are_refused(self, merchant, bad):
        with pytest.raises(operations.BadTerms):
            agree(merchant, **bad)


class TestPayouts:
    @pytest.fixture
    def made(self, merchant):
        agree(merchant)
        sell(merchant, 100_000)
        issue(merchant, after(1))
        (found,) = queries.statements(merchant_id=merchant)
        return found

    def pay(self, merchant, made, minor, reference="B-1"):
        return operations.record_payout(
            merchant_id=merchant,
            statement_uid=made.uid,
            amount=Money(minor),
            reference=reference,
            actor=OPERATOR,
        )

    def test_in_parts_until_nothing_is_owed(self, merchant, made):
        self.pay(merchant, made, 500)
        self.pay(merchant, made, 1_010, "B-2")

        found = queries.statement(merchant_id=merchant, uid=made.uid)
        assert (found.state, found.due) == (StatementState.PAID, Money(0))
        assert owed(merchant) == 0
        paid = queries.payouts(merchant_id=merchant, statement_id=made.id)
        assert [one.reference for one in paid] == ["B-1", "B-2"]

    def test_the_same_money_is_recorded_once(self, merchant, made):
        pays = [partial(self.pay, merchant, made, 500) for _ in range(6)]

        results = at_once(pays)

        refused = [one for one in results if isinstance(one, operations.RecordedAlready)]
        assert len(refused) == 5
        assert owed(merchant) == 1_010

    def test_never_more_than_is_owed(self, merchant, made):
        with pytest.raises(operations.TooMuch):
            self.pay(merchant, made, 1_511)
        with pytest.raises(operations.ReferenceMissing):
            self.pay(merchant, made, 1, " ")

    def test_I2_another_merchants_statement_is_unknown(self, other_merchant, made):
        with pytest.raises(operations.UnknownStatement):
            self.pay(other_merchant, made, 1)
        assert queries.statements(merchant_id=other_merchant) == []


@pytest.mark.parametrize(
    ("period", "day", "bounds"),
    [
        (Period.DAY, date(2026, 12, 31), (date(2026, 12, 31), date(2027, 1, 1))),
        (Period.WEEK, date(2026, 11, 22), (date(2026, 11, 16), date(2026, 11, 23))),
        (Period.MONTH, date(2028, 2, 29), (date(2028, 2, 1), date(2028, 3, 1))),
        (Period.MONTH, date(2026, 12, 1), (date(2026, 12, 1), date(2027, 1, 1))),
    ],
)
def test_periods(period, day, bounds):
    assert period_of(period, day) == bounds


@given(st.sampled_from(Period), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_every_day_is_in_one_period(period, day):
    start, end = period_of(period, day)

    assert start <= day < end
    assert period_of(period, start) == (start, end)
    assert period_of(period, end)[0] == end
