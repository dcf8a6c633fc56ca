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


def spoil(merchant: int, cards: int = 1) -> None:
    """The last reserved cards are lost to their orders, as if they had been taken over."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            """
            with gone as (
                select id from card where state = 1 order by line_id desc, id limit %s::int
            ),
            spoilt as (
                update card set state = 6, reserved_until = null, line_id = null
                where id in (select id from gone) returning sku_id, batch_id
            ),
            moved as (
                insert into card_movement
                    (merchant_id, sku_id, batch_id, from_state, to_state, cards)
                select %s::bigint, sku_id, batch_id, 1, 6, count(*) from spoilt group by 1, 2, 3
            )
            update allocation set released_at = clock_timestamp()
            where card_id in (select id from gone) and released_at is null
            """,
            [cards, merchant],
        )
