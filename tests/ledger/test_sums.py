"""F1: what the books say of days and accounts is the sum of their transfers, summed up or not."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from kacang.jobs.ledger import check_sums, compact_sums
from kacang.ledger import operations, queries, sums
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.ledger.queries import EntryFilter
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from tests.threads import at_once
from tests.transactions import let_others_end

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SIDES = [Account.CASH_AT_PROVIDER, Account.ADVANCE_FROM_BUYER, Account.REVENUE, Account.WALLET]
MOVES = st.tuples(
    st.permutations(SIDES).map(lambda two: (two[0], two[1])),
    st.integers(1, 10**9),
    st.sampled_from(["CNY", "USDT"]),
    st.sampled_from([TransferKind.RECEIVED, TransferKind.DELIVERED]),
    # Both sides of midnight in Shanghai, which is 16:00 in UTC.
    st.integers(-80, 80).map(lambda hours: NOON + timedelta(hours=hours)),
)


def open_one(zone="Asia/Shanghai") -> int:
    slug = f"sums-{new_uid('x')[2:].lower()}"
    return open_merchant(slug=slug, name="S", kind=MerchantKind.DEMO, time_zone=zone)


def book(merchant, sides, minor, currency, kind, at) -> None:
    move = Move(
        debit=Side(sides[0], 3 if sides[0] is Account.WALLET else 0),
        credit=Side(sides[1], 5 if sides[1] is Account.WALLET else 0),
        amount=Money(minor, currency),
        kind=kind,
        document=Document(DocumentKind.ORDER, 7),
    )
    with acting_as(merchant):
        operations.transfer(merchant_id=merchant, move=move, at=at)


def said(merchant: int, last: date | None = None) -> dict[tuple[Account, str], int]:
    return {
        (line.account, line.amount.currency): line.amount.minor
        for line in sums.standings(merchant_id=merchant, last=last)
    }


def added_up(merchant: int, at: datetime | None = None) -> dict[tuple[Account, str], int]:
    found: dict[tuple[Account, str], int] = defaultdict(int)
    for line in queries.balances(merchant_id=merchant, at=at):
        found[line.account, line.amount.currency] += line.amount.minor
    return {key: minor for key, minor in found.items() if minor}


def days_of(merchant: int, zone: ZoneInfo) -> dict[tuple[object, ...], tuple[int, int]]:
    """What a reader finds who looks at each transfer."""
    found: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0])
    for one in queries.entries(merchant_id=merchant, limit=10_000).entries:
        key = (one.at.astimezone(zone).date(), one.debit, one.credit, one.kind, one.amount.currency)
        found[key][0] += 1
        found[key][1] += one.amount.minor
    return {key: (count, minor) for key, (count, minor) in found.items()}


class TestSums:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(
        steps=st.lists(st.one_of(MOVES, st.none()), max_size=25),
        zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Asia/Kathmandu"]),
    )
    def test_are_those_of_the_transfers_whenever_they_are_summed_up(self, database, steps, zone):
        merchant = open_one(zone)
        for step in steps:
            if step is None:
                sums.compact_sums(merchant_id=merchant)
            else:
                book(merchant, *step)
        own = ZoneInfo(zone)

        flows = sums.by_day(merchant_id=merchant, first=date(2026, 1, 1), last=date(2027, 1, 1))

        assert {
            (one.day, one.debit, one.credit, one.kind, one.amount.currency): (
                one.count,
                one.amount.minor,
            )
            for one in flows
        } == days_of(merchant, own)
        assert said(merchant) == added_up(merchant)
        middle = date(2026, 11, 23)
        assert said(merchant, middle) == added_up(merchant, datetime(2026, 11, 24, tzinfo=own))
        assert sums.check_sums(merchant_id=merchant) == 0

    def test_hold_while_others_book_and_sum_up(self, database):
        """Each reader finds as much on one side as on the other, and in the end nothing is lost."""
        merchant = open_one()

        def sell() -> None:
            book(merchant, SIDES[:2], 100, "CNY", TransferKind.RECEIVED, NOON)

        def read() -> int:
            return sum(said(merchant).values())

        def sum_up() -> int:
            return sums.compact_sums(merchant_id=merchant)

        found = at_once([*[sell, read, sum_up] * 60])

        assert set(found[1::3]) == {0}
        expected = {(SIDES[0], "CNY"): 6_000, (SIDES[1], "CNY"): -6_000}
        assert said(merchant) == expected
        sums.compact_sums(merchant_id=merchant)
        assert said(merchant) == expected
        assert sums.check_sums(merchant_id=merchant) == 0

    def test_leave_out_what_still_runs_and_take_it_in_afterwards(self, database):
        merchant = open_one()
        with psycopg.connect(database.dsn("kacang_owner")) as slow:
            slow.execute(
                "insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind,"
                " document_kind, document_id, at) values (%s, 1100, 2200, 70, 'CNY', 1, 1, 7, %s)",
                [merchant, NOON],
            )
            book(merchant, SIDES[:2], 100, "CNY", TransferKind.RECEIVED, NOON)
            sums.compact_sums(merchant_id=merchant)
            assert said(merchant)[SIDES[0], "CNY"] == 100
            slow.commit()

        assert said(merchant)[SIDES[0], "CNY"] == 170
        sums.compact_sums(merchant_id=merchant)
        assert said(merchant)[SIDES[0], "CNY"] == 170

    def test_are_proved_each_night(self, database):
        merchant = open_one()
        book(merchant, SIDES[:2], 100, "CNY", TransferKind.RECEIVED, NOON)
        let_others_end()
        compact_sums()
        with capture_logs() as logs:
            check_sums()
        assert [one for one in logs if one["event"] == "ledger.wrong_sums"] == []
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            owner.execute(
                "update transfer_sum set amount_minor = 99 where merchant_id = %s", [merchant]
            )

        with capture_logs() as logs:
            check_sums()

        wrong = [one for one in logs if one["event"] == "ledger.wrong_sums"]
        assert [(one["merchant_id"], one["count"]) for one in wrong] == [(merchant, 1)]


class TestWindow:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(
        days=st.lists(st.integers(0, 6), min_size=1, max_size=30), most=st.integers(1, 7),
    )  # fmt: skip
    def test_pages_show_every_entry_once_the_newest_day_first(self, database, days, most):
        merchant = open_one()
        for day in days:
            at = NOON - timedelta(days=day)
            book(merchant, SIDES[:2], 100 + day, "CNY", TransferKind.RECEIVED, at)
        flows = sums.by_day(merchant_id=merchant, first=date(2026, 1, 1), last=date(2027, 1, 1))
        seen = []
        for offset in range(0, len(days) + most, most):
            window = sums.window(flows=flows, zone=SHANGHAI, kinds=(), offset=offset, most=most + 1)
            if window is None:
                break
            wanted = EntryFilter(since=window.since, until=window.until)
            page = queries.entries(
                merchant_id=merchant, wanted=wanted, limit=most, skipped=window.skipped
            )
            seen += [one.id for one in page.entries]
            assert (page.next_before is not None) == (len(seen) < len(days))

        assert sorted(seen) == sorted({*seen})
        assert len(seen) == len(days)

    def test_of_nothing_is_nowhere(self):
        assert sums.window(flows=(), zone=SHANGHAI, kinds=(), offset=0, most=50) is None


FILL = """
insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind, document_kind,
                      document_id, at)
select %(m)s, 1100, 2200, 100, 'CNY', 1, 1, n, now() - interval '2 years' + n * interval '5 minutes'
from generate_series(1, 200000) n
"""


def test_what_was_summed_up_is_not_read_again(database):
    """Rule 16: however long the books are, the rows since the last summing up are read by index."""
    merchant = open_one()
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        owner.execute(FILL, {"m": merchant})
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("vacuum analyze transfer")
    let_others_end()
    sums.compact_sums(merchant_id=merchant)
    book(merchant, SIDES[:2], 100, "CNY", TransferKind.RECEIVED, NOON)

    with CaptureQueriesContext(connection) as ran:
        assert said(merchant)[SIDES[0], "CNY"] == 20_000_100

    sql = next(query["sql"] for query in ran if "transfer_sum" in query["sql"])
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("explain (costs off) " + sql.replace("%", "%%"), [])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on transfer" not in plan.replace("Seq Scan on transfer_", ""), plan
    assert "transfer_xid" in plan or "transfer_time" in plan, plan
