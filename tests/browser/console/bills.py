"""Bills with differences of every kind, for pictures and walks through the console."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.payments import operations as payments
from kacang.payments import reporting
from kacang.payments.ports import BillRow, RowKind
from kacang.reconciliation import fees, operations, queries
from kacang.reconciliation.loading import add_rows, compare, take_reading
from kacang.reconciliation.models import Bill, BillState
from kacang.shared.ids import new_uid
from kacang.shared.money import Money

ZONE = ZoneInfo("Asia/Shanghai")
LONG_NAME = "小鹿数卡旗舰店 · 微信支付服务商子商户（华东区线上渠道专用收款账户）"
ACTOR = Actor("user", None, "finance.department.of.shanghai@example.com", "203.0.113.9")


def some_bills(merchant_id: int, days: int = 6) -> str:
    """Bills of the last days at a company; return the uid of the newest, which has differences."""
    account_id = _account(merchant_id)
    today = datetime.now(ZONE).date()
    uids = [
        _bill(merchant_id, account_id, today - timedelta(days=back)) for back in range(days, 0, -1)
    ]
    operations.close_day(merchant_id=merchant_id, bill_uid=uids[0], actor=ACTOR)
    with acting_as(merchant_id):
        Bill.objects.filter(merchant_id=merchant_id, uid=uids[2]).update(
            state=BillState.FAILED, problem="payments.provider_silent"
        )
    return uids[-1]


def account_of(merchant_id: int) -> str:
    """Return the account that the bills are of."""
    names = reporting.account_names(merchant_id=merchant_id)
    return next(one.uid for one in names if one.name == LONG_NAME)


def _account(merchant_id: int) -> int:
    made = payments.create_account(
        merchant_id=merchant_id, account=payments.NewAccount("wechatpay", LONG_NAME)
    )
    names = reporting.account_names(merchant_id=merchant_id)
    return next(one.id for one in names if one.uid == made.uid)


def _bill(merchant_id: int, account_id: int, day: date) -> str:
    start = datetime.combine(day, time.min, ZONE)
    is_newest = day == datetime.now(ZONE).date() - timedelta(days=1)
    with acting_as(merchant_id), connection.cursor() as cursor:
        for number in range(5):
            cursor.execute(
                "insert into receipt (merchant_id, account_id, payment_number, provider_number,"
                " amount_minor, currency, fit, seen_at)"
                " values (%s::bigint, %s::bigint, %s, %s, %s, 'CNY', 0, %s)",
                [merchant_id, account_id, f"{new_uid('p')[:20]}{number}",
                 f"4200002{day:%m%d}2026112600000{number}", 19_800 + number * 1_111,
                 start + timedelta(hours=9 + number)],
            )  # fmt: skip
        bill = Bill.objects.create(
            merchant_id=merchant_id, uid=new_uid("bill"), account_id=account_id, day=day,
            starts_at=start, ends_at=start + timedelta(days=1), readings=1, digest="3f" * 32,
            file_name="1900000109-微信支付商户平台-资金账单-全部-汇总明细.csv",
        )  # fmt: skip
    rows = [_row(start, day, number) for number in range(5)]
    if is_newest:
        rows[1:3] = [_row(start, day, 1, fen=15_000)]
        rows += [_row(start, day, number, ours=f"LOST{number:08}") for number in range(7, 10)]
    add_rows(bill, 1, rows, 1)
    with acting_as(merchant_id):
        take_reading(bill, 1)
        compare(bill)
        fees.book(bill)
        bill.state, bill.read_at = BillState.READ, datetime.now(UTC)
        bill.save()
    if is_newest:
        first = queries.differences(
            merchant_id=merchant_id, where=queries.DifferenceFilter(bill_uid=bill.uid)
        )[-1]
        operations.explain(
            merchant_id=merchant_id, ids=[first.id], note="渠道后台已手工退款，财务与店长共同核实",
            actor=ACTOR,
        )  # fmt: skip
    return bill.uid


def _row(start: datetime, day: date, number: int, *, fen: int = 0, ours: str = "") -> BillRow:
    amount = fen or 19_800 + number * 1_111
    return BillRow(
        kind=RowKind.PAYMENT,
        payment_number=ours,
        provider_number=f"4200002{day:%m%d}2026112600000{number}",
        amount=Money(amount),
        fee=Money(amount * 6 // 1_000),
        at=start + timedelta(hours=9, minutes=number),
        line=number + 1,
    )
