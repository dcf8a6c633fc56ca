"""Looking at what a sale left behind, and holding something back in the middle of one."""

import time
from collections import Counter
from contextlib import contextmanager

import psycopg
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.payments.models import NoticeOutcome
from kacang.payments.ports import AccountInfo, VerifiedNotice


def sum_of(merchant: int, debit: int) -> int:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(amount_minor), 0) from transfer where debit = %s", [debit]
        )
        return int(cursor.fetchone()[0])


def receipts(merchant: int) -> list[tuple[int, int | None]]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select amount_minor, fit from receipt order by id")
        return list(cursor.fetchall())


def outcomes(merchant: int) -> Counter[NoticeOutcome]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select outcome from notice")
        return Counter(NoticeOutcome(row[0]) for row in cursor.fetchall())


def settle(account: AccountInfo, notice: VerifiedNotice) -> NoticeOutcome:
    return orders.settle_notices(account=account, notices=[notice])[0]


@contextmanager
def time_shifted(settings, seconds: float):
    """The hot path's clock runs ahead (rule 10)."""
    settings.HOT_CLOCK_SHIFT_SECONDS = seconds
    yield
    settings.HOT_CLOCK_SHIFT_SECONDS = 0


@contextmanager
def holding_back(database, merchant: int, statement: str):
    """Another session that has done `statement` and not committed yet."""
    with psycopg.connect(database.dsn("kacang_owner")) as held:
        held.execute(statement)
        yield held


def wait_for_a_waiter(watcher: psycopg.Connection, holder: int) -> None:
    """Return once another session waits for what `holder` has."""
    deadline = time.monotonic() + 30
    while not watcher.execute(
        "select 1 from pg_stat_activity where %s = any(pg_blocking_pids(pid))", [holder]
    ).fetchone():
        assert time.monotonic() < deadline
