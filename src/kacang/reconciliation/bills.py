"""Getting bills: by the calendar from the company, or from a person's hand (F2).

What a reading has found counts by one transaction that holds the bill's row: two who read the
same day take turns, and the second finds what the first has done. The company is called before
it, never in it (L18).
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import BinaryIO
from zoneinfo import ZoneInfo

import structlog
from django.db import OperationalError, connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.payments import queries as payments
from kacang.payments.accounts import finding
from kacang.payments.companies import registry
from kacang.payments.ports import AccountInfo, BillRow, NoBill, PaymentProvider, ProviderSilent
from kacang.queue import enqueue
from kacang.reconciliation import fees
from kacang.reconciliation.loading import CHUNK, add_rows, compare, take_reading
from kacang.reconciliation.models import (
    BILL_STEPS,
    Bill,
    BillState,
    Difference,
    DifferenceKind,
    Movement,
)
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, DomainError, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.shared.states import WrongState

log = structlog.get_logger(__name__)
KIND = "reconciliation.read"
# Companies have yesterday's bill about then, by their own clock.
READY_HOUR = 10
# A day is planned until it is so old; one that has no bill by then had no trade.
DAYS_BACK = 7
TRY_AGAIN = timedelta(hours=1)
TRIES_MAX = 48
_LOCK_WAIT = "120s"


class UnknownBill(NotFound):
    """The merchant has no such bill."""

    code = "reconciliation.unknown_bill"


class DayClosed(Conflict):
    """The day is closed: nothing about it changes any more."""

    code = "reconciliation.day_closed"


class DayNotOver(Invalid):
    """A bill is of a day that is over, in the company's zone."""

    code = "reconciliation.day_not_over"


class NoBills(Invalid):
    """The company has no bills that could be read."""

    code = "reconciliation.no_bills"


def bounds(provider: PaymentProvider, day: date) -> tuple[datetime, datetime]:
    """Return when a company's day begins and ends (rule 24)."""
    zone = ZoneInfo(provider.zone)
    after = day + timedelta(days=1)
    return datetime.combine(day, time.min, zone), datetime.combine(after, time.min, zone)


def plan_bills(*, merchant_id: int, now: datetime | None = None) -> int:
    """Put the days that are over on the calendar, of every account whose company has bills.

    May be repeated: a day is planned once. Returns how many were new.
    """
    now = now or utc_now()
    planned = 0
    for account in payments.accounts(merchant_id=merchant_id):
        if not (account.is_known and account.has_secrets):
            continue
        provider = registry.provider(account.provider)
        if not provider.bills:
            continue
        # Its secrets are opened once, not for each day.
        info = finding.account_of_merchant(merchant_id=merchant_id, uid=account.uid)
        for day in _days(provider, now, account.created_at):
            _, was_made = _bill(info, day, next_at=now)
            planned += was_made
    return planned


def fetch_due(*, most: int = 200) -> int:
    """Queue the bills that are to be fetched now, of every merchant; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("select merchant_id, id from bills_due(%s::int)", [most])
        due = cursor.fetchall()
    for merchant_id, bill_id in due:
        with acting_as(merchant_id):
            uid = Bill.objects.get(merchant_id=merchant_id, id=bill_id).uid
            # Whoever fetches it says when it is next.
            Bill.objects.filter(merchant_id=merchant_id, id=bill_id).update(
                next_at=utc_now() + TRY_AGAIN
            )
            _start(merchant_id, audit.SYSTEM, {"bill": uid})
    return len(due)


def fetch_bill(*, merchant_id: int, account_uid: str, day: date, actor: Actor) -> str:
    """Have a day's bill fetched, for the first time or again; return the job's uid.

    Raises:
        UnknownAccount, NoBills, DayNotOver, DayClosed: Nothing was started.
    """
    with acting_as(merchant_id):
        bill = _open_bill(merchant_id, account_uid, day)
        return _start(merchant_id, actor, {"bill": bill.uid})


def upload_bill(
    *, merchant_id: int, account_uid: str, day: date, file_uid: str, actor: Actor
) -> str:
    """Read a day's bill from a file that a person got at the company's website (对账单).

    It takes the place of what was read of that day. It is not proof of money: what it has and we
    have not is asked about, never believed. Returns the job's uid.

    Raises:
        UnknownAccount, NoBills, DayNotOver, DayClosed, UnknownFile: Nothing was started.
    """
    with acting_as(merchant_id):
        bill = _open_bill(merchant_id, account_uid, day)
        info = files.info(merchant_id=merchant_id, uid=file_uid)
        return _start(merchant_id, actor, {"bill": bill.uid, "file": info.uid, "name": info.name})


def run_read(*, merchant_id: int, work_uid: str) -> None:
    """Do the job: get the bill, read it, set it beside ours. A crash leaves all or nothing."""
    task = work.begin(merchant_id=merchant_id, uid=work_uid)
    if task is None:
        return
    try:
        result = _read(merchant_id, task)
        work.finish(merchant_id=merchant_id, uid=task.uid, result=result)
    except WrongState:
        return
    except DomainError as error:
        _failed(merchant_id, task.arguments["bill"], error)
        why = dict(error.detail)
        work.fail(merchant_id=merchant_id, uid=task.uid, error=error.code, result=why)
    except OperationalError:
        raise
    except Exception:
        work.fail(merchant_id=merchant_id, uid=task.uid, error="work.broken", result={})
        raise


def close_day(*, merchant_id: int, bill_uid: str, actor: Actor) -> None:
    """Lock a day: its bill, rows and differences change no more. Cannot be undone.

    Raises:
        UnknownBill: There is none.
        DayClosed: It is locked.
        OpenDifferences: Something is not resolved yet.
    """
    with acting_as(merchant_id):
        bill = locked_bill(merchant_id, bill_uid)
        left = Difference.objects.filter(
            merchant_id=merchant_id, bill=bill, resolution=None
        ).count()
        if left:
            raise OpenDifferences(count=left)
        _step(bill, BillState.CLOSED)
        bill.closed_at, bill.closed_by, bill.next_at = utc_now(), actor.label[:120], None
        bill.save(update_fields=["state", "closed_at", "closed_by", "next_at"])
        _log(merchant_id, actor, "reconciliation.close_day", bill)


class OpenDifferences(Conflict):
    """A day with unresolved differences is not closed."""

    code = "reconciliation.open_differences"


def locked_bill(merchant_id: int, uid: str) -> Bill:
    """Return a bill that may change, with its row held until the transaction ends.

    Raises:
        UnknownBill: There is none.
        DayClosed: Its day is locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = '{_LOCK_WAIT}'")
    bill = (
        Bill.objects.select_for_update(no_key=True).filter(merchant_id=merchant_id, uid=uid).first()
    )
    if bill is None:
        raise UnknownBill
    if bill.state == BillState.CLOSED:
        raise DayClosed(day=str(bill.day))
    return bill


def _days(provider: PaymentProvider, now: datetime, since: datetime) -> list[date]:
    zone = ZoneInfo(provider.zone)
    local = now.astimezone(zone)
    last = local.date() - timedelta(days=1 if local.hour >= READY_HOUR else 2)
    first = max(last - timedelta(days=DAYS_BACK - 1), since.astimezone(zone).date())
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _open_bill(merchant_id: int, account_uid: str, day: date) -> Bill:
    account = finding.account_of_merchant(merchant_id=merchant_id, uid=account_uid)
    bill, _ = _bill(account, day, next_at=None)
    return locked_bill(merchant_id, bill.uid)


def _bill(account: AccountInfo, day: date, next_at: datetime | None) -> tuple[Bill, bool]:
    provider = registry.provider(account.provider)
    if not provider.bills:
        raise NoBills(provider=account.provider)
    start, end = bounds(provider, day)
    if end > utc_now():
        raise DayNotOver(day=str(day))
    with acting_as(account.merchant_id):
        return Bill.objects.get_or_create(
            merchant_id=account.merchant_id,
            account_id=account.id,
            day=day,
            defaults={
                "uid": new_uid("bill"),
                "starts_at": start,
                "ends_at": end,
                "next_at": next_at,
            },
        )


def _start(merchant_id: int, actor: Actor, arguments: dict[str, str]) -> str:
    uid = work.start(merchant_id=merchant_id, kind=KIND, actor=actor, arguments=arguments)
    enqueue(
        "reconciliation.run_read",
        queue="bulk",
        lock=f"bill:{arguments['bill']}",
        merchant_id=merchant_id,
        work_uid=uid,
    )
    return uid


def _read(merchant_id: int, task: work.Task) -> dict[str, int]:
    with acting_as(merchant_id):
        bill = locked_bill(merchant_id, task.arguments["bill"])
        bill.readings += 1
        bill.save(update_fields=["readings"])
        reading = bill.readings
        account = finding.account_of_id(merchant_id=merchant_id, account_id=bill.account_id)
    with _file(merchant_id, account, bill, task) as (body, digest):
        if body is not None:
            rows = registry.provider(account.provider).read_bill(account, body)
            _read_rows(bill, reading, task, rows)
    with acting_as(merchant_id):
        bill = locked_bill(merchant_id, bill.uid)
        take_reading(bill, reading)
        compare(bill)
        fees.book(bill)
        _step(bill, BillState.READ)
        bill.is_fetched = "file" not in task.arguments
        bill.file_name = task.arguments.get("name", "")[:120]
        bill.digest, bill.problem = digest, ""
        bill.read_at, bill.next_at = utc_now(), None
        bill.save()
        return {"rows": bill.rows, "differences": _after_compare(bill)}


def _read_rows(bill: Bill, reading: int, task: work.Task, rows: Iterator[BillRow]) -> None:
    done = 0
    while piece := list(islice(rows, CHUNK)):
        add_rows(bill, reading, piece, done + 1)
        done += len(piece)
        work.progress(merchant_id=bill.merchant_id, uid=task.uid, done=done)


def _after_compare(bill: Bill) -> int:
    """Have what the company alone knows asked about; return how much is not resolved."""
    left = Difference.objects.filter(merchant_id=bill.merchant_id, bill=bill, resolution=None)
    if left.filter(kind=DifferenceKind.THEIRS_ONLY, what=Movement.PAYMENT).exists():
        enqueue(
            "reconciliation.heal",
            queue="money",
            once=f"heal/{bill.uid}",
            merchant_id=bill.merchant_id,
            bill_uid=bill.uid,
        )
    return left.count()


@contextmanager
def _file(
    merchant_id: int, account: AccountInfo, bill: Bill, task: work.Task
) -> Iterator[tuple[BinaryIO | None, str]]:
    """Yield a bill's file and its digest; None where the company has none of an old day.

    The file has no name and ends with the process. A bill holds no secrets.
    """
    with tempfile.TemporaryFile() as body:
        if "file" in task.arguments:
            for piece in files.stream(merchant_id=merchant_id, uid=task.arguments["file"]):
                body.write(piece)
        else:
            try:
                provider = registry.provider(account.provider)
                provider.fetch_bill(account, bill.day, body, utc_now())
            except NoBill:
                if utc_now() - bill.ends_at < timedelta(days=2):
                    raise
                # Companies make no bill of a day without trade.
                yield None, ""
                return
        digest = hashlib.sha256()
        body.seek(0)
        while piece := body.read(1 << 20):
            digest.update(piece)
        body.seek(0)
        yield body, digest.hexdigest()


def _failed(merchant_id: int, bill_uid: str, error: DomainError) -> None:
    with acting_as(merchant_id):
        bill = Bill.objects.select_for_update().get(merchant_id=merchant_id, uid=bill_uid)
        if bill.state in (BillState.READ, BillState.CLOSED):
            # What was read stands; only this try has failed.
            return
        _step(bill, BillState.FAILED)
        bill.problem = error.code
        bill.tries += 1
        again = isinstance(error, ProviderSilent | NoBill) and bill.tries < TRIES_MAX
        bill.next_at = utc_now() + TRY_AGAIN if again else None
        bill.save(update_fields=["state", "problem", "tries", "next_at"])
    log.info("bill.failed", merchant_id=merchant_id, bill=bill_uid, problem=error.code)


def _step(bill: Bill, to: BillState) -> None:
    if to not in BILL_STEPS[BillState(bill.state)]:
        raise WrongState(now=BillState(bill.state).name.lower(), to=to.name.lower())
    bill.state = to


def _log(merchant_id: int, actor: Actor, action: str, bill: Bill) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="bill",
        object_uid=bill.uid,
        after={"day": str(bill.day), "rows": bill.rows},
    )
